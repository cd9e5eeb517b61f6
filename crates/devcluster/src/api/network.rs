//! Cluster IPs and node ports of Services, and what else only the server chooses for a new object.

use super::server::Api;
use super::{Random, format_secs};
use crate::store::Store;
use fairway_schema::strategy::{Chooser, release_service};
use fairway_schema::validate::Cause;
use fairway_value::{Str, Value};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// The service range 10.96.0.0/16; its first address is the API server's own.
const RANGE: (u32, u32) = (0x0a60_0000, 0xffff);
const PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

/// The first port that a dry run chooses where none is asked for: one that a real write could not have.
const DRY_PORT: i64 = 32769;

/// What is taken.
#[derive(Debug)]
pub(crate) struct Network {
    ips: BTreeSet<u32>,
    ports: BTreeSet<u16>,
    next_ip: u32,
    next_port: u16,
}

impl Default for Network {
    fn default() -> Self {
        // The lower ends of the ranges are left for what is asked for by name.
        Self { ips: BTreeSet::new(), ports: BTreeSet::new(), next_ip: 256, next_port: 30086 }
    }
}

/// Addresses and ports that one write took, given back where it fails.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    ips: Vec<u32>,
    ports: Vec<u16>,
}

/// What a write claims beside what it asks for.
struct Claim {
    /// What it holds already.
    own: Taken,
    is_new: bool,
    dry_run: bool,
}

const ALLOCATED: &str = "provided port is already allocated";

fn held(service: &Value) -> (Vec<u32>, Vec<u16>) {
    let (ips, ports) = release_service(service);
    let ips = ips.iter().filter_map(|ip| ip.parse::<Ipv4Addr>().ok()).map(u32::from).collect();
    (ips, ports.into_iter().filter_map(|p| u16::try_from(p).ok()).filter(|p| *p > 0).collect())
}

impl Network {
    /// Takes what the stored Services hold.
    pub(crate) fn reload(&mut self, store: &Store) {
        for service in store.list("services", "").1 {
            self.hold(&service.value);
        }
    }

    /// Takes what a stored Service has.
    pub(crate) fn hold(&mut self, service: &Value) {
        let (ips, ports) = held(service);
        self.ips.extend(ips);
        self.ports.extend(ports);
    }

    /// Gives back what a Service held.
    pub(crate) fn release(&mut self, service: &Value) {
        let (ips, ports) = held(service);
        self.give_back(&Taken { ips, ports });
    }

    /// Gives back what a failed write took.
    pub(crate) fn give_back(&mut self, taken: &Taken) {
        for ip in &taken.ips {
            self.ips.remove(ip);
        }
        for port in &taken.ports {
            self.ports.remove(port);
        }
    }

    fn free_ip(&mut self) -> Option<u32> {
        for _ in 0..RANGE.1 {
            let offset = self.next_ip;
            self.next_ip = if offset + 1 >= RANGE.1 { 1 } else { offset + 1 };
            let ip = RANGE.0 + offset;
            if offset > 1 && self.ips.insert(ip) {
                return Some(ip);
            }
        }
        None
    }

    fn free_port(&mut self) -> Option<u16> {
        for _ in PORTS {
            let port = self.next_port;
            self.next_port = if port >= *PORTS.end() { *PORTS.start() } else { port + 1 };
            if self.ports.insert(port) {
                return Some(port);
            }
        }
        None
    }

    /// Takes the address and the ports of a Service that neither `live` holds nor was `chosen` for it: those its writer
    /// asks for.
    ///
    /// # Errors
    /// One that another Service holds, or that is out of range (a port only where this is no dry run); nothing stays taken then.
    pub(crate) fn claim(
        &mut self,
        service: &Value,
        live: Option<&Value>,
        chosen: &Taken,
        dry_run: bool,
    ) -> Result<Taken, Cause> {
        let (mut ips, mut ports) = live.map(held).unwrap_or_default();
        ips.extend(&chosen.ips);
        ports.extend(&chosen.ports);
        let claim = Claim { own: Taken { ips, ports }, is_new: live.is_none(), dry_run };
        let mut taken = Taken::default();
        let outcome = self.claim_all(service, &claim, &mut taken);
        let Err(cause) = outcome else { return Ok(taken) };
        self.give_back(&taken);
        Err(cause)
    }

    fn claim_all(
        &mut self,
        service: &Value,
        Claim { own, is_new, dry_run }: &Claim,
        taken: &mut Taken,
    ) -> Result<(), Cause> {
        let refuse = |field: String, message: String| Cause { reason: "FieldValueInvalid", message, field };
        let text = |field| service.get_path(&["spec", field]).and_then(Value::as_str).unwrap_or_default();
        if text("type") == "ExternalName" {
            return Ok(());
        }
        let asked = text("clusterIP");
        if !asked.is_empty() && asked != "None" {
            let ip = asked.parse::<Ipv4Addr>().map(u32::from);
            let inside = ip.as_ref().is_ok_and(|ip| ip & 0xffff_0000 == RANGE.0);
            let problem = match ip {
                Ok(ip) if inside && own.ips.contains(&ip) => None,
                Ok(ip) if inside && self.ips.insert(ip) => {
                    taken.ips.push(ip);
                    None
                }
                Ok(_) if inside => Some("provided IP is already allocated".to_owned()),
                Ok(_) | Err(_) => Some(format!(
                    "the provided IP ({asked}) is not in the valid range. The range of valid IPs is 10.96.0.0/16"
                )),
            };
            if let Some(why) = problem {
                let message = format!("Invalid value: [{asked:?}]: failed to allocate IP {asked}: {why}");
                return Err(refuse("spec.clusterIPs".to_owned(), message));
            }
        }
        let ports = service.get_path(&["spec", "ports"]).and_then(Value::as_array).unwrap_or_default();
        let mut asked_for: Vec<(u16, Option<&Value>)> = Vec::new();
        for (n, port) in ports.iter().enumerate() {
            let asked = port.get("nodePort").and_then(Value::as_i64).unwrap_or_default();
            let Some(asked) = u16::try_from(asked).ok().filter(|asked| *asked != 0) else { continue };
            let refuse = |why: &str| {
                refuse(format!("spec.ports[{n}].nodePort"), format!("Invalid value: {asked}: {why}"))
            };
            let number = port.get("port");
            let mut before = asked_for.iter().filter(|(node, _)| *node == asked).peekable();
            // A new Service shares a node port only between protocols of one port.
            if *is_new && before.peek().is_some() && before.all(|(_, other)| *other != number) {
                return Err(refuse(ALLOCATED));
            }
            asked_for.push((asked, number));
            if own.ports.contains(&asked) || taken.ports.contains(&asked) {
                continue;
            }
            if !PORTS.contains(&asked) {
                // Nobody asks for the range of what is not kept.
                if *dry_run {
                    continue;
                }
                let why = "provided port is not in the valid range. The range of valid ports is 30000-32767";
                return Err(refuse(why));
            }
            if !self.ports.insert(asked) {
                return Err(refuse(ALLOCATED));
            }
            taken.ports.push(asked);
        }
        Ok(())
    }
}

/// Chooses for one write, and remembers what it took.
pub(crate) struct Choice<'a> {
    api: &'a Api,
    dry_run: bool,
    /// Ports of this write, as a dry run counts them.
    dry_ports: Vec<i64>,
    pub(crate) taken: Taken,
}

impl Taken {
    /// Adds what another claim took.
    pub(crate) fn extend(&mut self, other: Taken) {
        self.ips.extend(other.ips);
        self.ports.extend(other.ports);
    }
}

impl<'a> Choice<'a> {
    pub(crate) fn new(api: &'a Api, dry_run: bool) -> Self {
        Self { api, dry_run, dry_ports: Vec::new(), taken: Taken::default() }
    }

    fn random(&self) -> &Random {
        &self.api.random
    }
}

impl Chooser for Choice<'_> {
    fn cluster_ip(&mut self, asked: Option<&str>) -> Result<Value, String> {
        // What is asked for was claimed before.
        if let Some(asked) = asked {
            return Ok(Value::from(asked));
        }
        let ip = self.api.network().free_ip().ok_or("failed to allocate a serviceIP: range is full")?;
        self.taken.ips.push(ip);
        Ok(Value::from(Ipv4Addr::from(ip).to_string()))
    }

    fn node_port(&mut self) -> Result<Value, String> {
        if self.dry_run {
            // Nothing is asked for: the next after those of this write, as `portallocator/operation.go`.
            let port = self.dry_ports.iter().max().map_or(DRY_PORT, |last| last.max(&0).saturating_add(1));
            self.dry_ports.push(port);
            return Ok(Value::from(port));
        }
        let port = self.api.network().free_port().ok_or("failed to allocate a nodePort: range is full")?;
        self.taken.ports.push(port);
        Ok(Value::from(i64::from(port)))
    }

    fn port_asked(&mut self, port: i64) {
        self.dry_ports.push(port);
    }

    fn suffix(&mut self) -> Str {
        self.random().suffix(5).into()
    }

    fn now(&self) -> Str {
        format_secs(self.api.clock.now_micros()).into()
    }

    fn families(&self) -> Option<&[&str]> {
        Some(&["IPv4"])
    }

    fn claim(&mut self, service: &Value, live: Option<&Value>) -> Result<(), Vec<Cause>> {
        let claimed = self
            .api
            .network()
            .claim(service, live, &self.taken, self.dry_run)
            .map_err(|cause| vec![cause])?;
        self.taken.extend(claimed);
        Ok(())
    }

    fn priority(&self, class: &str) -> Option<(i64, Str)> {
        let table = "priorityclasses.scheduling.k8s.io";
        let found = if class.is_empty() {
            let (_, classes) = self.api.store.list(table, "");
            classes.into_iter().find(|c| c.value.get("globalDefault").and_then(Value::as_bool) == Some(true))
        } else {
            self.api.store.get(table, class)
        }?;
        let policy =
            found.value.get("preemptionPolicy").and_then(Value::as_str).unwrap_or("PreemptLowerPriority");
        Some((found.value.get("value").and_then(Value::as_i64).unwrap_or_default(), policy.into()))
    }
}
