//! Whether the alarms that would stop the harm are there, and do not ring already.

use super::super::Session;
use super::{Harm, refusal};
use crate::Result;
use aws_sdk_cloudwatch::types::StateValue;

impl Session {
    pub(super) async fn check_alarms(&self, harm: &Harm) -> Result<()> {
        let alarms = harm.alarms(self);
        if alarms.is_empty() {
            return Ok(());
        }
        for alarm in self.alarms(&alarms).await? {
            let name = &alarm.name;
            match alarm.state {
                StateValue::Ok => {}
                StateValue::Alarm => {
                    return Err(refusal(harm, format!("its stop alarm `{name}` is on: {}", alarm.reason))
                        .help("wait until the system is well again"));
                }
                state => {
                    return Err(refusal(harm, format!("its stop alarm `{name}` is {state}: {}", alarm.reason))
                        .help("an alarm that has no data stops nothing: mend it, or name another"));
                }
            }
        }
        Ok(())
    }
}
