//! Probes and lifecycle hooks.

use serde_json::Value;

use super::errors::{
    Errors, Path, Shown, elements, field, list, number, optional_number, optional_text, text,
};
use super::pod::PodContext;
use super::texts::{header_name, port_name, range};

pub(super) fn lifecycle(errors: &mut Errors, hooks: &Value, pod: &PodContext<'_>, path: &Path) {
    for key in ["postStart", "preStop"] {
        if let Some(hook) = field(hooks, key) {
            let kinds = ["exec", "httpGet", "tcpSocket", "sleep"];
            handler(errors, hook, &kinds, pod.grace_period, &path.child(key));
        }
    }
    if let Some(signal) = optional_text(hooks, "stopSignal") {
        let path = path.child("stopSignal");
        match pod.os {
            None => {
                let detail = "may not be set for containers with empty `spec.os.name`";
                errors.forbidden(&path, detail);
            }
            Some("windows") if !["SIGKILL", "SIGTERM"].contains(&signal) => {
                errors.not_supported(&path, Shown::Named(signal), &["SIGKILL", "SIGTERM"]);
            }
            Some("linux") if !LINUX_SIGNALS.contains(&signal) => {
                errors.not_supported(&path, Shown::Named(signal), &LINUX_SIGNALS);
            }
            Some(_) => {}
        }
    }
}

/// The signals of Linux, sorted.
const LINUX_SIGNALS: [&str; 65] = [
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGRTMAX",
    "SIGRTMAX-1",
    "SIGRTMAX-10",
    "SIGRTMAX-11",
    "SIGRTMAX-12",
    "SIGRTMAX-13",
    "SIGRTMAX-14",
    "SIGRTMAX-2",
    "SIGRTMAX-3",
    "SIGRTMAX-4",
    "SIGRTMAX-5",
    "SIGRTMAX-6",
    "SIGRTMAX-7",
    "SIGRTMAX-8",
    "SIGRTMAX-9",
    "SIGRTMIN",
    "SIGRTMIN+1",
    "SIGRTMIN+10",
    "SIGRTMIN+11",
    "SIGRTMIN+12",
    "SIGRTMIN+13",
    "SIGRTMIN+14",
    "SIGRTMIN+15",
    "SIGRTMIN+2",
    "SIGRTMIN+3",
    "SIGRTMIN+4",
    "SIGRTMIN+5",
    "SIGRTMIN+6",
    "SIGRTMIN+7",
    "SIGRTMIN+8",
    "SIGRTMIN+9",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];

pub(super) fn probe(errors: &mut Errors, probe: &Value, key: &str, path: &Path) {
    handler(errors, probe, &["exec", "httpGet", "tcpSocket", "grpc"], 0, path);
    for key in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        let number = number(probe, key);
        if number < 0 {
            let detail = "must be greater than or equal to 0";
            errors.invalid(&path.child(key), Shown::Number(number), detail);
        }
    }
    let seconds = optional_number(probe, "terminationGracePeriodSeconds");
    if let Some(seconds) = seconds.filter(|seconds| *seconds <= 0) {
        let path = path.child("terminationGracePeriodSeconds");
        errors.invalid(&path, Shown::Number(seconds), "must be greater than 0");
    }
    match (key, seconds, number(probe, "successThreshold")) {
        ("readinessProbe", Some(seconds), _) => {
            let path = path.child("terminationGracePeriodSeconds");
            let detail = "must not be set for readinessProbes";
            errors.invalid(&path, Shown::Number(seconds), detail);
        }
        // 0 is the default, 1.
        ("readinessProbe", None, _) | (_, _, 0 | 1) => {}
        (_, _, threshold) => {
            let path = path.child("successThreshold");
            errors.invalid(&path, Shown::Number(threshold), "must be 1");
        }
    }
}

/// Checks a handler, which can be of one of these kinds.
fn handler(errors: &mut Errors, handler: &Value, kinds: &[&str], grace_period: i64, path: &Path) {
    let mut is_found = false;
    for kind in kinds {
        let (Some(action), path) = (field(handler, kind), path.child(kind)) else { continue };
        if is_found {
            errors.forbidden(&path, "may not specify more than 1 handler type");
            continue;
        }
        is_found = true;
        match *kind {
            "exec" => {
                if list(action, "command").is_empty() {
                    errors.required(&path.child("command"), "");
                }
            }
            "httpGet" => http_get(errors, action, &path),
            "sleep" => sleep(errors, action, grace_period, &path),
            _ => port(errors, action, &path.child("port")),
        }
    }
    if !is_found {
        errors.required(path, "must specify a handler type");
    }
}

fn http_get(errors: &mut Errors, action: &Value, path: &Path) {
    port(errors, action, &path.child("port"));
    errors.choice(&path.child("scheme"), text(action, "scheme"), &["HTTP", "HTTPS"]);
    for (_, header) in elements(action, "httpHeaders", path) {
        let name = text(header, "name");
        errors.invalid_text(&path.child("httpHeaders"), name, header_name(name));
    }
}

fn sleep(errors: &mut Errors, action: &Value, grace_period: i64, path: &Path) {
    let seconds = number(action, "seconds");
    if seconds <= 0 || seconds > grace_period {
        let detail = format!(
            "must be greater than 0 and less than terminationGracePeriodSeconds ({grace_period}). Enable \
             AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."
        );
        errors.invalid(path, Shown::Number(seconds), &detail);
    }
}

/// Checks a port, which is a number or a name.
fn port(errors: &mut Errors, action: &Value, path: &Path) {
    if let Some(name) = optional_text(action, "port") {
        errors.invalid_text(path, name, port_name(name));
    } else {
        let number = number(action, "port");
        if let Some(detail) = range(number, 1, 65535) {
            errors.invalid(path, Shown::Number(number), &detail);
        }
    }
}
