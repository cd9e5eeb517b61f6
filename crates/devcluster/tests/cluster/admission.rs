//! What admission fills in and refuses.

use super::{DEPLOYMENTS, ask, deployment, make, server, text};

#[test]
fn quotas_and_ranges_of_a_namespace_bind_its_pods() {
    let (server, _) = server();
    let root = "/api/v1/namespaces/default";
    make(
        &server,
        &format!("{root}/limitranges"),
        r#"{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l"},"spec":{"limits":[{"type":"Container",
           "defaultRequest":{"cpu":"100m"},"max":{"cpu":"1"},"default":{"cpu":"200m"}}]}}"#,
    );
    make(
        &server,
        &format!("{root}/resourcequotas"),
        r#"{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{"requests.cpu":"250m"}}}"#,
    );
    let pod = |name: &str, cpu: &str| {
        let limits = if cpu.is_empty() {
            String::new()
        } else {
            format!(r#","resources":{{"limits":{{"cpu":"{cpu}"}}}}"#)
        };
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}"}},"spec":{{"containers":[{{"name":"c","image":"i"{limits}}}]}}}}"#
        )
    };
    let pods = format!("{root}/pods");
    let (_, refused) = ask(&server, "POST", &pods, &pod("large", "2"));
    let expect = "pods \"large\" is forbidden: maximum cpu usage per Container is 1, but limit is 2";
    assert_eq!(text(&refused, "/message"), expect);
    make(&server, &pods, &pod("a", ""));
    make(&server, &pods, &pod("b", ""));
    let (_, quota) = ask(&server, "GET", &format!("{root}/resourcequotas/q"), "");
    assert_eq!(text(&quota, "/status/used/requests.cpu"), "200m");
    let (status, refused) = ask(&server, "POST", &pods, &pod("c", ""));
    assert_eq!(status, 403);
    assert_eq!(
        text(&refused, "/message"),
        "pods \"c\" is forbidden: exceeded quota: q, requested: requests.cpu=100m, used: requests.cpu=200m, limited: requests.cpu=250m"
    );
    ask(&server, "DELETE", &format!("{pods}/a"), "");
    make(&server, &pods, &pod("c", ""));
}

#[test]
fn a_restricted_namespace_refuses_careless_pods() {
    let (server, _) = server();
    make(
        &server,
        "/api/v1/namespaces",
        r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"tight","labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}"#,
    );
    let pods = "/api/v1/namespaces/tight/pods";
    let pod = |host: bool| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p"}},"spec":{{"hostNetwork":{host},"containers":[{{"name":"c","image":"i"}}]}}}}"#
        )
    };
    let (status, refused) = ask(&server, "POST", pods, &pod(true));
    assert_eq!(status, 403);
    assert_eq!(
        text(&refused, "/message"),
        "pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"
    );
    make(&server, pods, &pod(false));
}

#[test]
fn a_policy_denies_with_its_own_words() {
    let (server, _) = server();
    let root = "/apis/admissionregistration.k8s.io/v1";
    make(
        &server,
        &format!("{root}/validatingadmissionpolicies"),
        r#"{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy","metadata":{"name":"few"},
           "spec":{"matchConstraints":{"resourceRules":[{"apiGroups":["apps"],"apiVersions":["v1"],
           "operations":["CREATE","UPDATE"],"resources":["deployments"]}]},"variables":[{"name":"n",
           "expression":"object.spec.replicas"}],"validations":[{"expression":"variables.n <= 2",
           "messageExpression":"'at most 2 replicas, not ' + string(variables.n)"}]}}"#,
    );
    make(
        &server,
        &format!("{root}/validatingadmissionpolicybindings"),
        r#"{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding",
           "metadata":{"name":"few-everywhere"},"spec":{"policyName":"few","validationActions":["Deny"]}}"#,
    );
    let (status, answer) = ask(&server, "POST", DEPLOYMENTS, &deployment("nginx:1"));
    assert_eq!(status, 422);
    assert_eq!(
        text(&answer, "/message"),
        "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'few-everywhere' denied \
         request: at most 2 replicas, not 3"
    );
}

#[test]
fn a_runtime_class_lends_its_pods_overhead_nodes_and_tolerations() {
    let (server, _) = server();
    make(
        &server,
        "/apis/node.k8s.io/v1/runtimeclasses",
        r#"{"apiVersion":"node.k8s.io/v1","kind":"RuntimeClass","metadata":{"name":"vm"},"handler":"vm","overhead":{"podFixed":{"cpu":"250m"}},
           "scheduling":{"nodeSelector":{"vm":"yes"},"tolerations":[{"key":"vm","operator":"Exists"}]}}"#,
    );
    let pods = "/api/v1/namespaces/default/pods";
    let pod = |name: &str, spec: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}"}},"spec":{{{spec},"containers":[{{"name":"c","image":"i"}}]}}}}"#
        )
    };
    let own = r#""runtimeClassName":"vm","overhead":{"cpu":"0.25"},"nodeSelector":{"disk":"ssd"}"#;
    make(&server, pods, &pod("lent", own));
    let (_, lent) = ask(&server, "GET", &format!("{pods}/lent"), "");
    let shown = |path: &str| lent.pointer(path).map(ToString::to_string).unwrap_or_default();
    assert_eq!(shown("/spec/overhead"), r#"{"cpu":"250m"}"#);
    assert_eq!(shown("/spec/nodeSelector"), r#"{"disk":"ssd","vm":"yes"}"#);
    assert_eq!(text(&lent, "/spec/tolerations/2/key"), "vm", "{lent}");
    for (spec, why) in [
        (r#""runtimeClassName":"none""#, r#"pod rejected: RuntimeClass "none" not found"#),
        (r#""runtimeClassName":"No!""#, r#"pod rejected: RuntimeClass "No!" not found"#),
        (
            r#""runtimeClassName":"vm","overhead":{"cpu":"1"}"#,
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ),
        (
            r#""overhead":{"cpu":"1"}"#,
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        ),
        (
            r#""runtimeClassName":"vm","nodeSelector":{"vm":"no"}"#,
            "conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no",
        ),
    ] {
        let (status, refused) = ask(&server, "POST", pods, &pod("bad", spec));
        let expect = format!("pods \"bad\" is forbidden: {why}");
        assert_eq!((status, text(&refused, "/message")), (403, expect.as_str()));
    }
}

#[test]
fn a_pods_priority_is_that_of_its_class() {
    let (server, _) = server();
    let class = r#"{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"high"},"value":7}"#;
    make(&server, "/apis/scheduling.k8s.io/v1/priorityclasses", class);
    let pods = "/api/v1/namespaces/default/pods";
    let pod = |spec: &str| {
        // What is wrong with the Pod itself is said after that.
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p"}},"spec":{{{spec},"containers":[{{"name":"C","image":"i"}}]}}}}"#
        )
    };
    let given = "must not be provided in pod spec; priority admission controller computed";
    for (spec, why) in [
        (
            r#""priority":3"#,
            format!("the integer value of priority (3) {given} 0 from the given PriorityClass name"),
        ),
        (
            r#""priority":3,"priorityClassName":"high""#,
            format!("the integer value of priority (3) {given} 7 from the given PriorityClass name"),
        ),
        (
            r#""preemptionPolicy":"Never""#,
            format!(
                "the string value of PreemptionPolicy (Never) {given} PreemptLowerPriority from the given PriorityClass name"
            ),
        ),
    ] {
        let (status, refused) = ask(&server, "POST", pods, &pod(spec));
        let expect = format!("pods \"p\" is forbidden: {why}");
        assert_eq!((status, text(&refused, "/message")), (403, expect.as_str()));
    }
    make(&server, pods, &pod(r#""priority":7,"priorityClassName":"high""#).replace("\"C\"", "\"c\""));
}
