//! `slo!`: one claim as an expression.

/// One claim as a [`Claim`](crate::claim::Claim) constant, in the grammar of `#[chaos_test]`.
///
/// ```
/// use chaos_runtime::slo;
///
/// let claim = slo!(during(orders.p99 < 300ms));
/// assert_eq!(claim.subject, Some("orders"));
/// assert_eq!(claim.text, "during(orders.p99 < 300ms)");
/// ```
#[macro_export]
macro_rules! slo {
    ($($claim:tt)*) => {
        $crate::__private::slo_at!([$crate] $($claim)*)
    };
}
