//! AdmissionReviews of the pairs that the benches measure.

use crate::inputs::Pair;

/// The body of an AdmissionReview of an update, with the fields in the order of an API server.
pub(crate) fn review(Pair { existing, replacement }: &Pair) -> Vec<u8> {
    let [head, tail] = REVIEW;
    [head.as_bytes(), replacement, br#","oldObject":"#, existing, tail.as_bytes()].concat()
}

/// The text before and after the two Jobs.
const REVIEW: [&str; 2] = [
    r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"c03a8a7d-fe97-4ca5-b964-2cc4c484702c","kind":{"group":"batch.volcano.sh","version":"v1alpha1","kind":"Job"},"resource":{"group":"batch.volcano.sh","version":"v1alpha1","resource":"jobs"},"requestKind":{"group":"batch.volcano.sh","version":"v1alpha1","kind":"Job"},"requestResource":{"group":"batch.volcano.sh","version":"v1alpha1","resource":"jobs"},"name":"openmpi-hello-2-com","namespace":"cci-gpu","operation":"UPDATE","userInfo":{"username":"lab-admin","groups":["system:masters","system:authenticated"],"extra":{"authentication.kubernetes.io/credential-id":["X509SHA256=65fda67761824eb01fb7a505ce181ea8b6e2e4cb5dfb8d5e08cf60f7a0e62cbe"]}},"object":"#,
    r#","dryRun":false,"options":{"kind":"UpdateOptions","apiVersion":"meta.k8s.io/v1"}}}"#,
];
