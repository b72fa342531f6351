//! Kubernetes pods as the target of FIS actions.

use super::Action;

/// Pods of an EKS cluster, with the service account that FIS harms them by.
///
/// ```
/// use chaos_runtime::aws::fis::{Action, Pods};
/// use chaos_runtime::prelude::*;
///
/// let orders = Pods::labelled("app=orders").in_cluster("shop").namespace("default").service_account("fis");
/// let action = Action::pod_network_latency(orders, millis(300), minutes(5)).share(percent(50));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Pods {
    selector: (&'static str, String),
    cluster: Option<String>,
    namespace: Option<String>,
    service_account: Option<String>,
    container: Option<String>,
}

impl Pods {
    fn by(kind: &'static str, value: impl Into<String>) -> Self {
        Self { selector: (kind, value.into()), cluster: None, namespace: None, service_account: None, container: None }
    }

    /// Those with this label, such as `app=orders`.
    pub fn labelled(selector: impl Into<String>) -> Self {
        Self::by("labelSelector", selector)
    }

    /// Those of this deployment.
    pub fn of_deployment(name: impl Into<String>) -> Self {
        Self::by("deploymentName", name)
    }

    /// The pod with this name.
    pub fn named(name: impl Into<String>) -> Self {
        Self::by("podName", name)
    }

    /// The EKS cluster, by name or ARN. Required.
    pub fn in_cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// Their namespace. Required.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The Kubernetes service account that
    /// [FIS acts with](https://docs.aws.amazon.com/fis/latest/userguide/eks-pod-actions.html#configure-service-account).
    /// Required.
    pub fn service_account(mut self, account: impl Into<String>) -> Self {
        self.service_account = Some(account.into());
        self
    }

    /// The container in them. Default: the first one of their specification.
    pub fn container(mut self, name: impl Into<String>) -> Self {
        self.container = Some(name.into());
        self
    }

    /// The action on these pods. What is missing, its check says.
    pub(super) fn harmed_by(self, id: &str) -> Action {
        let (kind, value) = self.selector;
        let mut action =
            Action::new(id).target_parameter("selectorType", kind).target_parameter("selectorValue", value);
        let parameters = [
            ("clusterIdentifier", self.cluster),
            ("namespace", self.namespace),
            ("targetContainerName", self.container),
        ];
        for (name, value) in parameters {
            if let Some(value) = value {
                action = action.target_parameter(name, value);
            }
        }
        match self.service_account {
            Some(account) => action.parameter("kubernetesServiceAccount", account),
            None => action,
        }
    }
}
