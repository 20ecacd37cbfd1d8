//! Runs the binary as a user would, with nothing of this machine's environment and no way out of the
//! loopback.

use std::process::{Command, Stdio};

/// Secrets that are planted wherever one could leak.
pub(crate) const PLANTED: &str = "PLANTED";

pub(crate) use crate::ran::Ran;

/// Whatever the lines break at.
impl Ran {
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let plain = self.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(text), "no `{text}` in\n{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        let plain = self.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(text), "no `{text}` in\n{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// A home of one's own, and what is set in the environment.
pub(crate) struct Program {
    pub(crate) home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Program {
    /// With these keys in the environment.
    pub(crate) fn with_keys(endpoint: &str, key: &str, secret: &str, token: Option<&str>) -> Self {
        let mut program = Self::bare(endpoint);
        program.set("AWS_ACCESS_KEY_ID", key);
        program.set("AWS_SECRET_ACCESS_KEY", secret);
        if let Some(token) = token {
            program.set("AWS_SESSION_TOKEN", token);
        }
        program
    }

    /// Without credentials.
    pub(crate) fn bare(endpoint: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        let place = |name: &str| home.path().join(".aws").join(name).display().to_string();
        let variables = [
            ("HOME", home.path().display().to_string()),
            ("AWS_CONFIG_FILE", place("config")),
            ("AWS_SHARED_CREDENTIALS_FILE", place("credentials")),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("NO_COLOR", "1".to_owned()),
            ("COLUMNS", "100".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Self { home, variables }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// Writes the config file.
    pub(crate) fn config(&mut self, text: &str) -> &mut Self {
        std::fs::write(self.home.path().join(".aws/config"), text).unwrap();
        self
    }

    /// Writes a file below the home.
    pub(crate) fn file(&mut self, name: &str, text: &str) -> &mut Self {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Its folder and its environment, and nothing of this machine's.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command.current_dir(self.home.path()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_why-denied"));
        self.prepare(&mut command);
        command.args(arguments).stdin(Stdio::null());
        let ran = Ran::of(command.output().unwrap());
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(PLANTED), "a secret in {arguments:?}:\n{text}");
            for (name, value) in &self.variables {
                let is_secret = name == "AWS_SECRET_ACCESS_KEY" || name == "AWS_SESSION_TOKEN";
                assert!(!is_secret || value.len() < 8 || !text.contains(value), "{name}:\n{text}");
            }
        }
        ran
    }
}
