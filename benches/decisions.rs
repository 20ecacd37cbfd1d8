//! Decisions in bulk, patterns at their worst, and reading: always beside serde_json where it compares.
#![expect(clippy::unwrap_used, reason = "a benchmark may fail loudly")]
#![allow(missing_docs, reason = "criterion writes the main function")]

mod generator;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use why_denied::collect::assemble::Assembler;
use why_denied::collect::layer_files::LayerFiles;
use why_denied::collect::{Collected, read_files};
use why_denied::doc::{Syntax, parse};
use why_denied::eval::{decide, evaluate};
use why_denied::policy::{Pattern, Syntax as PatternSyntax};
use why_denied::request::{Caller, Request};
use why_denied::text::{SourceMap, Spanned};

const ROLES: usize = 1_000;
const REQUESTS: usize = 100_000;

fn collect(sources: &mut SourceMap, text: &str) -> Collected {
    let paths = [PathBuf::from("export.json")];
    read_files(sources, &paths, &|_: &Path| Ok(text.as_bytes().to_vec()))
}

/// 100,000 different requests against 1,000 roles in one process: the request is made from its texts,
/// layers are put together and it is decided, with the trace and without.
fn decisions(criterion: &mut Criterion) {
    let mut sources = SourceMap::default();
    let collected = collect(&mut sources, &generator::export(ROLES));
    assert!(collected.errors.is_empty());
    let source = sources.add_given("request", "request");
    let span = sources.whole(source);
    let spanned = |value: &str| Spanned { value: value.to_owned(), span };
    let requests = generator::requests(REQUESTS, ROLES);
    let mut group = criterion.benchmark_group("decisions");
    group.sample_size(10).throughput(Throughput::Elements(REQUESTS as u64));
    for (name, traced) in [("with trace", true), ("without trace", false)] {
        group.bench_function(name, |bencher| {
            // The layers of a role are put together once, so each round begins with none.
            bencher.iter(|| {
                let mut assembler =
                    Assembler::new(&collected.snapshot, &mut sources, LayerFiles::default());
                for (caller, action, resource) in &requests {
                    let mut request = Request::new(
                        Caller::parse(spanned(caller)).unwrap(),
                        spanned(action),
                        spanned(resource),
                    );
                    let layers = assembler.layers(&mut request);
                    if traced {
                        black_box(evaluate(&request, &layers).decision);
                    } else {
                        black_box(decide(&request, &layers));
                    }
                }
            });
        });
    }
    group.finish();
}

fn patterns(criterion: &mut Criterion) {
    let syntax = PatternSyntax { wildcards: true, variables: false };
    let mut group = criterion.benchmark_group("patterns");
    let stars = Pattern::new(&"*a".repeat(1_000), syntax);
    let long = "a".repeat(100_000) + "b";
    group.bench_function("1,000 stars against 100 kB", |bencher| {
        bencher.iter(|| stars.glob().unwrap().matches(black_box(&long)));
    });
    let literal = Pattern::new(&format!("*{}b*", "a".repeat(8_191)), syntax);
    let text = "a".repeat(16_384);
    group.bench_function("a literal of 8,192 characters against 16 kB", |bencher| {
        bencher.iter(|| literal.glob().unwrap().matches(black_box(&text)));
    });
    let marks = Pattern::new(&format!("*{}b*", "a?".repeat(4_096)), syntax);
    group.bench_function("4,096 question marks against 16 kB", |bencher| {
        bencher.iter(|| marks.glob().unwrap().matches(black_box(&text)));
    });
    group.finish();
}

/// Reading an export of 1,000 roles, beside serde_json on the same text.
fn reading(criterion: &mut Criterion) {
    let text = generator::export(ROLES);
    let mut group = criterion.benchmark_group("reading");
    group.sample_size(20).throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("serde_json skips it", |bencher| {
        bencher.iter(|| serde_json::from_str::<serde::de::IgnoredAny>(black_box(&text)).unwrap());
    });
    group.bench_function("serde_json::Value", |bencher| {
        bencher.iter(|| serde_json::from_str::<serde_json::Value>(black_box(&text)).unwrap());
    });
    group.bench_function("parse with places", |bencher| {
        bencher.iter(|| {
            let mut sources = SourceMap::default();
            let id = sources.add_file("export.json", text.clone().into_bytes()).unwrap();
            parse(&sources, id, Syntax::Json).unwrap().len()
        });
    });
    group.bench_function("recognise and collect", |bencher| {
        bencher.iter(|| {
            let mut sources = SourceMap::default();
            collect(&mut sources, black_box(&text)).recognised.len()
        });
    });
    group.finish();
}

criterion_group!(benches, decisions, patterns, reading);
criterion_main!(benches);
