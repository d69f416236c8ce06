//! The option `--status-codes`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use volcano_job_update::status::StatusCodes;

/// The parser of the option: `documented` or `kubernetes`.
#[must_use]
pub fn status_codes_parser() -> impl TypedValueParser<Value = StatusCodes> {
    PossibleValuesParser::new([
        PossibleValue::new("documented").help("403 for a denied change, 400 for an invalid value"),
        PossibleValue::new("kubernetes").help("422 for both, as an API server responds"),
    ])
    .try_map(|name| name.parse::<StatusCodes>())
}

#[cfg(test)]
mod tests {
    use clap::builder::TypedValueParser;
    use clap::{Arg, Command};
    use volcano_job_update::status::StatusCodes;

    use super::status_codes_parser;

    #[test]
    fn every_possible_value_is_parsed() {
        let command =
            || Command::new("test").arg(Arg::new("codes").value_parser(status_codes_parser()));
        let parser = status_codes_parser();
        let names = parser.possible_values().expect("the values are listed");
        let codes: Vec<StatusCodes> = names
            .map(|name| {
                let matches = command().try_get_matches_from(["test", name.get_name()]);
                *matches.expect("a value").get_one("codes").expect("a value")
            })
            .collect();
        assert_eq!(codes, [StatusCodes::Documented, StatusCodes::Kubernetes]);
        assert!(command().try_get_matches_from(["test", "other"]).is_err());
    }
}
