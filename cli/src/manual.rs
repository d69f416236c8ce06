//! The commands `completion` and `man`: what clap knows of the command line, for shells and readers.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Args;
use crate::error::Error;
use crate::output::Output;

/// The completions for a shell.
#[expect(clippy::expect_used, reason = "clap writes UTF-8")]
pub(crate) fn completion(shell: Shell) -> Output {
    let mut text = Vec::new();
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, &name, &mut text);
    let text = String::from_utf8(text).expect("completions are text");
    Output::success(match shell {
        // The cases of the script have other labels than it looks for if a name has hyphens:
        // https://github.com/clap-rs/clap/issues/6421
        Shell::Bash => text.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__")),
        _ => text,
    })
}

/// Writes the man pages to a directory, which is made if it is not there.
pub(crate) fn man(directory: &Path) -> Result<Output, Error> {
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Args::command(), directory))
        .map_err(|error| Error::Man { name: directory.display().to_string(), error })?;
    Ok(Output::success(String::new()))
}
