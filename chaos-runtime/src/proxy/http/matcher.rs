//! Which requests a fault is for.

use super::glob::Glob;
use crate::{Error, Result};
use http::{HeaderName, Method, request::Parts};
use std::fmt;

/// Conditions on the head of a request, as they were written; checked by [`build`](Self::build).
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    pub(crate) methods: Vec<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
}

/// Checked conditions: one of the methods, one of the paths, all of the headers; no condition of a kind means any.
#[derive(Debug, Default)]
struct Matcher {
    methods: Vec<Method>,
    paths: Vec<Glob>,
    headers: Vec<(HeaderName, Glob)>,
}

/// The requests that a fault is for, and exceptions from these.
#[derive(Debug, Default)]
pub(super) struct Scope {
    on: Matcher,
    except_methods: Vec<Method>,
    except_paths: Vec<Glob>,
    except_headers: Vec<(HeaderName, Glob)>,
    grpc: bool,
}

/// What a request is to a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Matched,
    Excluded,
    Other,
}

impl Scope {
    /// Checks conditions. `grpc`: only calls of gRPC match.
    pub(super) fn new(on: &Conditions, except: &Conditions, grpc: bool) -> Result<Self> {
        let except = except.build()?;
        Ok(Self {
            on: on.build()?,
            except_methods: except.methods,
            except_paths: except.paths,
            except_headers: except.headers,
            grpc,
        })
    }

    pub(super) fn of(&self, request: &Parts) -> Match {
        let path = request.uri.path().as_bytes();
        let has = |(name, value): &(HeaderName, Glob)| {
            request.headers.get_all(name).iter().any(|sent| value.matches(sent.as_bytes()))
        };
        let on = &self.on;
        if !((on.methods.is_empty() || on.methods.contains(&request.method))
            && (on.paths.is_empty() || on.paths.iter().any(|glob| glob.matches(path)))
            && on.headers.iter().all(has)
            && (!self.grpc || is_grpc(request)))
        {
            return Match::Other;
        }
        let is_excluded = self.except_methods.contains(&request.method)
            || self.except_paths.iter().any(|glob| glob.matches(path))
            || self.except_headers.iter().any(has);
        if is_excluded { Match::Excluded } else { Match::Matched }
    }
}

impl Conditions {
    pub(crate) fn is_empty(&self) -> bool {
        self.methods.is_empty() && self.paths.is_empty() && self.headers.is_empty()
    }

    fn build(&self) -> Result<Matcher> {
        let method = |text: &String| {
            let wrong = || Error::new(format!("`{text}` is no HTTP method")).help("write it as it is sent: \"POST\"");
            // Methods are case-sensitive: `post` would match nothing.
            if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
                return Err(wrong());
            }
            Method::from_bytes(text.as_bytes()).map_err(|_| wrong())
        };
        let header = |(name, value): &(String, String)| {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                Error::new(format!("`{name}` is no name of an HTTP header")).help("write it as in \"x-customer\"")
            })?;
            Ok((name, Glob::value(value)?))
        };
        Ok(Matcher {
            methods: self.methods.iter().map(method).collect::<Result<_>>()?,
            paths: self.paths.iter().map(|text| Glob::path(text)).collect::<Result<_>>()?,
            headers: self.headers.iter().map(header).collect::<Result<_>>()?,
        })
    }
}

impl fmt::Display for Conditions {
    /// `POST /orders/* with x-customer: gold`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.methods.is_empty() {
            parts.push(self.methods.join(" or "));
        }
        if !self.paths.is_empty() {
            parts.push(self.paths.join(" or "));
        }
        if !self.headers.is_empty() {
            let headers: Vec<_> = self.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            parts.push(format!("with {}", headers.join(" and ")));
        }
        f.write_str(&parts.join(" "))
    }
}

/// Whether a request is a call of gRPC over HTTP/2.
fn is_grpc(request: &Parts) -> bool {
    let kind = request.headers.get(http::header::CONTENT_TYPE).map(|value| value.as_bytes());
    kind.and_then(|kind| kind.strip_prefix(b"application/grpc"))
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut builder = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap().into_parts().0
    }

    fn conditions(methods: &[&str], paths: &[&str], headers: &[(&str, &str)]) -> Conditions {
        let own = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Conditions {
            methods: own(methods),
            paths: own(paths),
            headers: headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        }
    }

    #[test]
    fn one_of_the_methods_one_of_the_paths_all_of_the_headers() {
        let on = conditions(&["POST", "PUT"], &["/orders/*", "/carts"], &[("X-Customer", "gold*"), ("x-b", "*")]);
        let except = conditions(&[], &["/orders/health"], &[("x-probe", "*")]);
        let scope = Scope::new(&on, &except, false).unwrap();
        let gold = [("x-customer", "gold-eu"), ("x-b", "1")];
        assert_eq!(scope.of(&request("POST", "/orders/7?x=/carts", &gold)), Match::Matched);
        assert_eq!(scope.of(&request("PUT", "http://host/carts", &gold)), Match::Matched);
        assert_eq!(scope.of(&request("GET", "/orders/7", &gold)), Match::Other);
        assert_eq!(scope.of(&request("POST", "/orders", &gold)), Match::Other);
        assert_eq!(scope.of(&request("POST", "/orders/7", &gold[..1])), Match::Other);
        assert_eq!(scope.of(&request("POST", "/orders/health", &gold)), Match::Excluded);
        assert_eq!(scope.of(&request("GET", "/orders/health", &gold)), Match::Other);
        let probe = [gold[0], gold[1], ("x-probe", "yes")];
        assert_eq!(scope.of(&request("POST", "/orders/7", &probe)), Match::Excluded);
        assert_eq!(on.to_string(), "POST or PUT /orders/* or /carts with X-Customer: gold* and x-b: *");
    }

    #[test]
    fn calls_of_grpc_are_known_by_their_content_type() {
        let scope = Scope::new(&Conditions::default(), &Conditions::default(), true).unwrap();
        for (kind, expected) in [
            ("application/grpc", Match::Matched),
            ("application/grpc+proto", Match::Matched),
            ("application/grpc-web", Match::Other),
            ("application/json", Match::Other),
        ] {
            assert_eq!(scope.of(&request("POST", "/shop.Orders/Get", &[("content-type", kind)])), expected, "{kind}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let nothing = Conditions::default();
        for (on, why) in [
            (conditions(&["post"], &[], &[]), "`post` is no HTTP method"),
            (conditions(&["P T"], &[], &[]), "`P T` is no HTTP method"),
            (conditions(&[], &["orders"], &[]), "is not a pattern for paths"),
            (conditions(&[], &[], &[("a b", "x")]), "`a b` is no name"),
            (conditions(&[], &[], &[("a", "")]), "is not a pattern for the value"),
        ] {
            assert!(Scope::new(&on, &nothing, false).unwrap_err().message().contains(why), "{why}");
            assert!(Scope::new(&nothing, &on, false).unwrap_err().help_text().is_some(), "{why}");
        }
    }
}
