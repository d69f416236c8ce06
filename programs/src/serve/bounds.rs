//! The options of a server.

use std::time::Duration;

/// Limits on what clients can use, as options of a command line. A program can change a default with
/// [`mut_arg`](clap::Command::mut_arg).
#[derive(Clone, Copy, Debug, clap::Args)]
#[expect(clippy::exhaustive_structs, reason = "a server needs all of them")]
pub struct Bounds {
    /// Connections at the same time; the limit for open files is raised to what they need
    #[arg(long, value_name = "NUMBER", default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(4..=1_000_000))]
    pub max_connections: u32,
    /// Connections from the same IPv4 address or IPv6 network of 64 bits; by default a quarter of
    /// --max-connections
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections_per_address: Option<u32>,
    /// Requests at the same time on an HTTP/2 connection
    #[arg(long, value_name = "NUMBER", default_value_t = 128,
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_streams: u32,
    /// Timeout for each of the TLS handshake and the headers of a request
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = positive_seconds)]
    pub read_timeout: Duration,
    /// A body of which less than 16 KiB arrive in this time is given up
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = positive_seconds)]
    pub body_timeout: Duration,
    /// How long to accept requests after SIGTERM, until the endpoints of the Service are updated
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub drain_delay: Duration,
    /// How long to wait afterwards for requests in flight
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = positive_seconds)]
    pub shutdown_timeout: Duration,
}

/// Parses a number of seconds above 0.
///
/// # Errors
///
/// Same as [`seconds`], or the number is 0.
pub fn positive_seconds(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        Duration::ZERO => Err("must be above 0".into()),
        duration => Ok(duration),
    }
}

/// Parses a number of seconds, which may have a fraction.
///
/// # Errors
///
/// It is no number, or not from 0 to 86400.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds")?;
    if !(0.0..=86_400.0).contains(&seconds) {
        return Err("must be from 0 to 86400".into());
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::Bounds;

    #[derive(Debug, Parser)]
    #[command(mut_arg("drain_delay", |option| option.default_value("0")))]
    struct Args {
        #[command(flatten)]
        bounds: Bounds,
    }

    #[test]
    fn program_can_have_another_default() {
        let parse = |arguments: &[&str]| Args::try_parse_from(arguments).map(|args| args.bounds);
        let bounds = parse(&["program"]).expect("defaults");
        assert_eq!((bounds.drain_delay, bounds.max_streams), (Duration::ZERO, 128));
        let bounds = parse(&["program", "--drain-delay", "0.5"]).expect("an option");
        assert_eq!(bounds.drain_delay, Duration::from_millis(500));
        assert!(parse(&["program", "--drain-delay", "-1"]).is_err());
        assert!(parse(&["program", "--read-timeout", "0"]).is_err());
    }
}
