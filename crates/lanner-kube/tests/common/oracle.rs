//! Fields of an audit event the naive way, from a tree that `serde_json` made.

use serde_json::{Value as Json, json};

/// The value below `path`, the naive way.
pub fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    path.split('.').try_fold(json, |json, key| json.get(key))
}

fn list<'j>(json: &'j Json, path: &str) -> Option<&'j Vec<Json>> {
    at(json, path)?.as_array()
}

fn picked(all: &[Json], argument: Option<&str>) -> Option<Vec<Json>> {
    match argument {
        None => Some(all.to_vec()),
        Some(index) => Some(vec![all.get(index.parse::<usize>().unwrap())?.clone()]),
    }
}

/// What a field should be: strings are texts, everything else is JSON.
pub fn expected(event: &Json, field: &str, argument: Option<&str>) -> Option<Vec<Json>> {
    event.get("auditID")?;
    let one = |path: &str| Some(vec![at(event, path)?.clone()]);
    let note = |name: &str| Some(vec![event.get("annotations")?.get(name)?.clone()]);
    let below = |containers: &[Json], path: &str| {
        containers
            .iter()
            .filter_map(|c| at(c, path).cloned())
            .collect::<Vec<_>>()
    };
    for kind in ["containers", "initContainers", "ephemeralContainers"] {
        let Some(name) = field.strip_prefix(&format!("ka.req.pod.{kind}.")) else {
            continue;
        };
        let all = picked(
            list(event, &format!("requestObject.spec.{kind}"))?,
            argument,
        )?;
        let joined = |key: &str| {
            let words = |list: &Json| {
                let words: Vec<_> = list
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|w| w.as_str().unwrap())
                    .collect();
                Json::from(words.join(" "))
            };
            below(&all, key).iter().map(words).collect::<Vec<_>>()
        };
        let whole = |key: &str| Some(below(&all, key)).filter(|found| found.len() == all.len());
        let run_as = |key: &str| {
            let pod = at(event, &format!("requestObject.spec.securityContext.{key}")).cloned();
            let own = |c: &Json| at(c, &format!("securityContext.{key}")).cloned();
            all.iter()
                .map(|c| own(c).or(pod.clone()).unwrap_or("0".into()))
                .collect::<Vec<_>>()
        };
        return match name {
            "name" | "image" => whole(name),
            "image.repository" => {
                let cut = |image: &Json| {
                    let image = image.as_str().unwrap().split(':').next().unwrap();
                    Json::from(image.split('@').next().unwrap())
                };
                Some(whole("image")?.iter().map(cut).collect())
            }
            "args" | "command" => Some(joined(name)),
            "host_port" => {
                let ports = below(&all, "ports");
                let port = |p: &Json| p.get("hostPort").or(p.get("containerPort")).cloned();
                Some(
                    ports
                        .iter()
                        .flat_map(|p| p.as_array().unwrap())
                        .filter_map(port)
                        .collect(),
                )
            }
            "privileged" => Some(below(&all, "securityContext.privileged")),
            "allow_privilege_escalation" => {
                Some(below(&all, "securityContext.allowPrivilegeEscalation"))
            }
            "read_only_fs" => Some(below(&all, "securityContext.readOnlyRootFilesystem")),
            "run_as_user" => Some(below(&all, "securityContext.runAsUser")),
            "run_as_group" => Some(below(&all, "securityContext.runAsGroup")),
            "proc_mount" => Some(below(&all, "securityContext.procMount")),
            "add_capabilities" => Some(below(&all, "securityContext.capabilities.add")),
            "eff_run_as_user" => Some(run_as("runAsUser")),
            "eff_run_as_group" => Some(run_as("runAsGroup")),
            _ => panic!("no oracle for {field}"),
        };
    }
    let subjects = |kind: &str, namespaced: bool| {
        let text = |s: &Json, key: &str| s.get(key).and_then(Json::as_str).map(str::to_owned);
        let name = |s: &Json| {
            (text(s, "kind")? == kind).then_some(())?;
            Some(if namespaced {
                Json::from(format!("{}:{}", text(s, "namespace")?, text(s, "name")?))
            } else {
                Json::from(text(s, "name")?)
            })
        };
        Some(
            list(event, "requestObject.subjects")?
                .iter()
                .filter_map(name)
                .collect(),
        )
    };
    let rules = |member: &str| {
        let all = picked(list(event, "requestObject.rules")?, argument)?;
        Some(
            all.iter()
                .filter_map(|rule| list(rule, member))
                .flatten()
                .cloned()
                .collect(),
        )
    };
    let volumes = || picked(list(event, "requestObject.spec.volumes")?, argument);
    let containers = || list(event, "requestObject.spec.containers");
    // A JSON patch is an array: no element has a pod, so the answer is no.
    let is_patch = event.get("requestObject").is_some_and(Json::is_array);
    if is_patch && ["ka.req.container.privileged", "ka.req.volume.hostpath"].contains(&field) {
        return Some(vec!["false".into()]);
    }
    match field {
        "ka.auditid" => one("auditID"),
        "ka.stage" => one("stage"),
        "ka.auth.decision" => note("authorization.k8s.io/decision"),
        "ka.auth.reason" => note("authorization.k8s.io/reason"),
        "ka.auth.openshift.decision" => note("authentication.openshift.io/decision"),
        "ka.auth.openshift.username" => note("authentication.openshift.io/username"),
        "ka.validations.admission.policy.failure" => {
            note("validation.policy.admission.k8s.io/validation_failure")
        }
        "ka.security.pod.violations" => note("pod-security.kubernetes.io/audit-violations"),
        "ka.cluster.name" => note("cluster_name"),
        "ka.user.name" => one("user.username"),
        "ka.user.groups" => list(event, "user.groups").cloned(),
        "ka.impuser.name" => one("impersonatedUser.username"),
        "ka.verb" => one("verb"),
        "ka.uri" => one("requestURI"),
        "ka.useragent" => one("userAgent"),
        "ka.sourceips" => picked(list(event, "sourceIPs")?, argument),
        "ka.target.name" | "ka.req.configmap.name" => one("objectRef.name"),
        "ka.target.namespace" => one("objectRef.namespace"),
        "ka.target.resource" => one("objectRef.resource"),
        "ka.target.subresource" => one("objectRef.subresource"),
        "ka.target.pod.name" => {
            let pod = at(event, "objectRef.resource") == Some(&json!("pods"));
            let plain = at(event, "objectRef.subresource").is_none();
            if pod && plain {
                one("responseObject.metadata.name")
            } else {
                None
            }
        }
        "ka.resp.name" => one("responseObject.metadata.name"),
        "ka.response.code" => one("responseStatus.code"),
        "ka.response.reason" => one("responseStatus.reason"),
        "ka.req.binding.subjects" => list(event, "requestObject.subjects").cloned(),
        "ka.req.binding.subjects.user_names" => subjects("User", false),
        "ka.req.binding.subjects.group_names" => subjects("Group", false),
        "ka.req.binding.subjects.serviceaccount_names" => subjects("ServiceAccount", false),
        "ka.req.binding.subjects.serviceaccount_ns_names" => subjects("ServiceAccount", true),
        "ka.req.binding.role" => one("requestObject.roleRef.name"),
        "ka.req.binding.subject.has_name" => Some(vec![json!("true")]),
        "ka.req.configmap.obj" => one("requestObject.data"),
        "ka.req.role.rules" => list(event, "requestObject.rules").cloned(),
        "ka.req.role.rules.apiGroups" => rules("apiGroups"),
        "ka.req.role.rules.nonResourceURLs" => rules("nonResourceURLs"),
        "ka.req.role.rules.verbs" => rules("verbs"),
        "ka.req.role.rules.resources" => rules("resources"),
        "ka.req.service.type" => one("requestObject.spec.type"),
        "ka.req.service.ports" if argument.is_none() => one("requestObject.spec.ports"),
        "ka.req.service.ports" => picked(list(event, "requestObject.spec.ports")?, argument),
        "ka.req.pod.host_ipc" => one("requestObject.spec.hostIPC"),
        "ka.req.pod.host_pid" => one("requestObject.spec.hostPID"),
        "ka.req.pod.host_network" | "ka.req.container.host_network" => {
            one("requestObject.spec.hostNetwork")
        }
        "ka.req.pod.run_as_user" => one("requestObject.spec.securityContext.runAsUser"),
        "ka.req.pod.run_as_group" => one("requestObject.spec.securityContext.runAsGroup"),
        "ka.req.pod.fs_group" => one("requestObject.spec.securityContext.fsGroup"),
        "ka.req.pod.supplemental_groups" => list(
            event,
            "requestObject.spec.securityContext.supplementalGroups",
        )
        .cloned(),
        "ka.req.container.image" => Some(vec![containers()?.first()?.get("image")?.clone()]),
        "ka.req.container.image.repository" => {
            let image = containers()?.first()?.get("image")?.as_str()?;
            Some(vec![image.split(':').next()?.split('@').next()?.into()])
        }
        "ka.req.container.privileged" => {
            let any = below(containers()?, "securityContext.privileged").contains(&json!(true));
            Some(vec![any.to_string().into()])
        }
        "ka.req.pod.volumes.hostpath" => Some(below(&volumes()?, "hostPath.path")),
        "ka.req.pod.volumes.flexvolume_driver" => Some(below(&volumes()?, "flexVolume.driver")),
        "ka.req.pod.volumes.volume_type" => {
            let keys = |v: &Json| {
                v.as_object()
                    .unwrap()
                    .keys()
                    .filter(|k| *k != "name")
                    .map(|k| Json::from(k.as_str()))
                    .collect::<Vec<_>>()
            };
            Some(volumes()?.iter().flat_map(keys).collect())
        }
        "ka.req.volume.hostpath" => {
            let argument = argument?;
            let prefix = argument.strip_suffix('*');
            let fits = |p: &Json| {
                let path = p.as_str().unwrap();
                prefix.map_or(path == argument, |prefix| path.starts_with(prefix))
            };
            let all = list(event, "requestObject.spec.volumes")?;
            Some(vec![
                below(all, "hostPath.path")
                    .iter()
                    .any(fits)
                    .to_string()
                    .into(),
            ])
        }
        "ka.uri.param" => {
            let (_, query) = event.get("requestURI")?.as_str()?.split_once('?')?;
            let found = query.split('&').find_map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (key == argument?).then(|| {
                    value
                        .replace('+', " ")
                        .replace("%2C", ",")
                        .replace("%3D", "=")
                        .replace("%2F", "/")
                })
            })?;
            Some(vec![found.into()])
        }
        _ => panic!("no oracle for {field}"),
    }
}
