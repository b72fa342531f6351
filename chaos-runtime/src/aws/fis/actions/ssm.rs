use super::actions;
use std::time::Duration;

actions! {
    /// Runs a document of Systems Manager, by ARN or by name, on EC2 instances, and watches it for so long. Names that
    /// begin with `AWS` are documents of AWS.
    "aws:ssm:send-command" => pub fn run_document(document: impl Into<String>, lasting: Duration) -> Self {
        Self::new("aws:ssm:send-command")
            .parameter("documentArn", document_arn(document.into()))
            .parameter("duration", lasting)
    }

    /// Runs an automation of Systems Manager, by ARN or by name, for so long at most.
    "aws:ssm:start-automation-execution" =>
    pub fn start_automation(document: impl Into<String>, at_most: Duration) -> Self {
        Self::new("aws:ssm:start-automation-execution")
            .parameter("documentArn", document_arn(document.into()))
            .parameter("maxDuration", at_most)
    }
}

impl crate::aws::fis::Action {
    /// Sets a parameter of the document of Systems Manager.
    pub fn document_parameter(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        const NAME: &str = "documentParameters";
        let given = self.parameters.get(NAME).map_or("{}", String::as_str);
        // What is no object was set by hand, and its check says so.
        let Ok(mut object) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(given) else {
            return self;
        };
        object.insert(name.into(), value.into().into());
        self.parameter(NAME, serde_json::Value::Object(object).to_string())
    }
}

/// The ARN of a document in the account and Region that are harmed.
fn document_arn(document: String) -> String {
    match document {
        arn if arn.starts_with("arn:") => arn,
        aws if aws.starts_with("AWS") => format!("arn:{{partition}}:ssm:{{region}}::document/{aws}"),
        own => format!("arn:{{partition}}:ssm:{{region}}:{{account}}:document/{own}"),
    }
}
