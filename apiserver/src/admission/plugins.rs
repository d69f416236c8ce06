//! The plugins of a Job.

use serde_json::Value;

/// The plugins that Volcano has.
const KNOWN: [&str; 8] = ["env", "hcclrank", "mpi", "pytorch", "ray", "ssh", "svc", "tensorflow"];

/// The names of the plugins that Volcano does not have.
pub(super) fn unknown(spec: &Value) -> impl Iterator<Item = &str> {
    let plugins = spec.get("plugins").and_then(Value::as_object);
    let mut names: Vec<&str> =
        plugins.into_iter().flat_map(|map| map.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.into_iter().filter(|name| !KNOWN.contains(name))
}

/// The name of the task that the plugin `mpi` takes for the master; `None` if there is no such plugin.
///
/// Its arguments are read as by Go's package [flag](https://pkg.go.dev/flag): reading stops at an
/// argument that is no flag, and at an error.
pub(super) fn mpi_master(spec: &Value) -> Option<String> {
    let arguments = spec.get("plugins")?.get("mpi")?.as_array().into_iter().flatten();
    let mut arguments = arguments.filter_map(Value::as_str);
    let mut master = "master".to_owned();
    while let Some(flag) = arguments.next().and_then(flag) {
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        if !["master", "worker", "port"].contains(&name) {
            break;
        }
        let Some(value) = value.or_else(|| arguments.next()) else { break };
        match name {
            "master" => value.clone_into(&mut master),
            "port" if !is_integer(value) => break,
            _ => {}
        }
    }
    Some(master)
}

/// The flag in an argument, without the hyphens.
fn flag(argument: &str) -> Option<&str> {
    let flag = argument.strip_prefix('-')?;
    let flag = flag.strip_prefix('-').unwrap_or(flag);
    (!flag.is_empty() && !flag.starts_with(['-', '='])).then_some(flag)
}

/// Whether Go's `strconv.ParseInt` reads a text with the base in its prefix.
fn is_integer(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    let (digits, base, has_prefix) = match lower.split_at_checked(2) {
        Some(("0x", digits)) => (digits, 16, true),
        Some(("0b", digits)) => (digits, 2, true),
        Some(("0o", digits)) => (digits, 8, true),
        _ if lower.len() > 1 && lower.starts_with('0') => (lower.get(1..).unwrap_or(""), 8, true),
        _ => (&*lower, 10, false),
    };
    let sign = if text.starts_with('-') { "-" } else { "" };
    // An underscore is between two digits, or after the prefix.
    let is_separated = !digits.ends_with('_') && !digits.contains("__");
    let is_separated = is_separated && (has_prefix || !digits.starts_with('_'));
    let digits = digits.replace('_', "");
    let is_signed_twice = digits.starts_with(['+', '-']);
    is_separated
        && !is_signed_twice
        && i64::from_str_radix(&format!("{sign}{digits}"), base).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn master(arguments: &[&str]) -> Option<String> {
        mpi_master(&json!({"plugins": {"mpi": arguments}}))
    }

    /// What `flag.FlagSet.Parse` leaves in the variable.
    #[test]
    fn arguments_are_read_as_flags() {
        for (arguments, expected) in [
            (&["--master=head", "--worker=worker", "--port=22"][..], "head"),
            (&["-master", "head"], "head"),
            (&["--worker", "-master=a", "--master=head"], "head"),
            (&["--master="], ""),
            (&["--master"], "master"),
            (&["worker", "--master=head"], "master"),
            (&["--", "--master=head"], "master"),
            (&["---master=head"], "master"),
            (&["--unknown=1", "--master=head"], "master"),
            (&["--port=0x1_6", "--master=head"], "head"),
            (&["--port=22a", "--master=head"], "master"),
            (&["--port=08", "--master=head"], "master"),
            (&["--master=a=b"], "a=b"),
            (&[], "master"),
        ] {
            assert_eq!(master(arguments).as_deref(), Some(expected), "{arguments:?}");
        }
        assert_eq!(mpi_master(&json!({"plugins": {"svc": []}})), None);
        assert_eq!(mpi_master(&json!({"plugins": {"mpi": null}})).as_deref(), Some("master"));
    }
}
