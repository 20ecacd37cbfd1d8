//! AWS said AccessDenied: why, exactly, and what is the smallest change that fixes it?
#![forbid(unsafe_code)]
