"""Bad documents: what is changed in a good one, and the words that must come, at the place marked with «."""

BASE = """\
version: 1
images:
  scipy:
    image: quay.io/jupyter/scipy-notebook:2026-10-20
  torch: {image: quay.io/jupyter/pytorch-notebook:cuda12-2026-10-20}
profiles:
  small:
    cpu: 1
    memory: 2Gi
  gpu:
    gpu: {choices: [1, 2], default: 1}
    images: [torch]
tenants:
  physics:
    members:
      - groups: [physics]
    images: [scipy, torch]
    profiles: [small, gpu]
    quota:
      user: {cpu: 4, gpu: 2}
default: physics
"""

TENANT = "\n  other: {members: [], images: [scipy], profiles: [small]"


def namespace(rule: str) -> tuple[str, str]:
    """Give the tenant a namespace rule."""
    return "    quota:", f"    namespace: {rule}\n    quota:"


def tenant(lines: str) -> tuple[str, str]:
    """Give the tenant another key."""
    return "    quota:", f"    {lines}\n    quota:"


# What is replaced, by what, and the words.
ERRORS: list[tuple[str, str, str]] = [
    # the text
    ("version: 1\n", "version: 1\n«version: 1\n", 'the key "version" was given before, in line 1'),
    ("    cpu: 1\n", "    cpu: 1\n    «cpu: 2\n", 'the key "cpu" was given before, in line 8'),
    ("    cpu: 1\n", "    cpu: «&one 1\n", "an anchor (&) is not read here"),
    ("    cpu: 1\n", "    cpu: «*one\n", "an alias (*) is not read here"),
    ("    cpu: 1\n", "    cpu: «!!str 1\n", "a tag (!) is not read here"),
    ("    cpu: 1\n", "    «<<: {cpu: 1}\n", "a merge key (<<) is not read here"),
    ("    cpu: 1\n", "    cpu: a«: 1\n", "is not YAML"),
    ("    cpu: 1\n", "«\tcpu: 1\n", "indent with spaces, not tabs"),
    ("default: physics\n", "«---\nversion: 1\n", "several documents in one"),
    ("    cpu: 1\n", "    ? «[a]\n    : 1\n", "a key must be text"),
    ("    cpu: 1\n", "    «1: 1\n", 'quote this key: "1"'),
    ("    cpu: 1\n", "    env: {«no: x}\n", 'quote this key: "no"'),
    ("    cpu: 1\n", "    cpu: " + "[" * 47 + "«[\n", "is nested deeper than 50"),
    ("default: physics\n", "default: «[physics]\n", "must be text; it is a list"),
    # values that mean different things to different people
    ("groups: [physics]", "groups: [«no]", 'quote this value: "no"'),
    ("groups: [physics]", "groups: [«on]", "write true or false"),
    ("groups: [physics]", "groups: [«010]", 'quote this value: "010"'),
    ("groups: [physics]", "groups: [«0x1F]", 'quote this value: "0x1F"'),
    ("groups: [physics]", "groups: [«1:30]", 'quote this value: "1:30"'),
    ("groups: [physics]", "groups: [«1_000]", 'quote this value: "1_000"'),
    ("groups: [physics]", "groups: [«2027-03-31]", 'quote this value: "2027-03-31"'),
    ("groups: [physics]", "groups: [«2027-03-31T10:00:00]", "a point in time"),
    ("groups: [physics]", "groups: [«4711]", 'quote this value if text is meant: "4711"'),
    ("groups: [physics]", "groups: [«true]", "it is true or false: quote this value"),
    ("groups: [physics]", "groups: [«1.5]", 'it is a number: quote this value if text is meant: "1.5"'),
    ("cpu: 1\n", "cpu: «.inf\n", "must be finite"),
    ("cpu: 1\n", "cpu: «-.Inf\n", "must be finite"),
    ("cpu: 1\n", "cpu: «.nan\n", "must be finite"),
    ("cpu: 1\n", "cpu: «" + "9" * 5000 + "\n", "is a number of 5000 digits; quote this value"),
    ("cpu: 1\n", "cpu: «1e999\n", "more digits than a number can hold"),
    ("cpu: 1\n", "cpu: «0.1000000000000000000001\n", "more digits than a number can hold"),
    ("cpu: 1\n", 'cpu: «"' + "9" * 5000 + '"\n', "is too long for a quantity"),
    ("cpu: 1\n", "cpu: «2027-02-30\n", "is no day of the calendar"),
    ("cpu: 1\n", "cpu:« \n", 'is empty; write [], {} or "" for nothing'),
    ("images: [torch]", "images: «~", "is empty"),
    # keys and types
    ("version: 1\n", "version: «2\n", "must be 1"),
    ("version: 1\n", 'version: «"1"\n', "must be 1"),
    ("version: 1\n", "«", "the key version is missing"),
    ("    images: [scipy, torch]\n", "", "the key images is missing"),
    ("    memory: 2Gi", "    «memroy: 2Gi", "unknown key; did you mean memory?"),
    ("    memory: 2Gi", "    «display_name: Small", "unknown key; did you mean displayName?"),
    ("    memory: 2Gi", "    «xyz: 2Gi", "unknown key; known here: cpu, description"),
    ("default: physics", "«tenant: physics", "unknown key; did you mean tenants?"),
    ("memory: 2Gi", "memory: {request: 1Gi, «limt: 2Gi}", "unknown key; did you mean limit?"),
    ("{choices: [1, 2], default: 1}", "{«choice: [1, 2]}", "unknown key; did you mean choices?"),
    ("groups: [physics]", "«group: [physics]", "unknown key; did you mean groups?"),
    ("groups: [physics]", "groups: «physics", "must be a list; it is text"),
    ("images: [torch]", "images: «{a: b}", "must be a list; it is a mapping"),
    ("memory: 2Gi", "memory: «true", "must be a quantity such as"),
    ("memory: 2Gi", "memory: «2GB", "is not a quantity; expected"),
    ("memory: 2Gi", "memory: «-1", "must not be negative"),
    ("memory: 2Gi", 'memory: «"10E"', "more than Kubernetes can hold"),
    ("memory: 2Gi", "memory: {request: «x}", "is not a quantity; expected"),
    ("{choices: [1, 2], default: 1}", "«-1", "must not be negative"),
    ("{choices: [1, 2], default: 1}", "«1.5", "must be a whole number"),
    ("{choices: [1, 2], default: 1}", '«"2 "', "must be a whole number; it is text"),
    ("{choices: [1, 2], default: 1}", "«2000", "must be at most 1024"),
    ("choices: [1, 2]", "choices: [1, «two]", "must be a whole number"),
    ("  small:\n", "  «Small_One:\n", "must be lower case letters, digits and -"),
    ("  physics:\n", "  «-physics:\n", "must be lower case letters, digits and -"),
    ("default: physics", 'contact: «""', "must not be empty"),
    ("default: physics", f"contact: «{'x' * 2001}", "at most 2000 characters"),
    ("    cpu: 1\n", "    idleTimeout: «2 hours\n", "must be a duration such as 90s, 30m or 2h"),
    ("groups: [physics]\n", "groups: [physics]\n        until: «soon\n", "must be a day such as 2027-03-31"),
    ("groups: [physics]\n", 'groups: [physics]\n        until: «"2027-02-30"\n', "out of range"),
    (*namespace("{per: «users}"), "must be user, tenant or hub; did you mean user?"),
    (*tenant("network: «isolate"), "must be isolated or open; did you mean isolated?"),
    (*tenant("network: «5"), "must be isolated or open; it is a number"),
    (*tenant("onExhausted: {queue: {maxWait: 30m, «length: 3}}"), "unknown key; did you mean maxLength?"),
    (*tenant("selfService: «yes"), "write true or false"),
    (*tenant("selfService: «5"), "must be true or false; it is a number"),
    (*tenant("selfService: {«delete: true}"), "unknown key; known here: deleteAboveGrant"),
    (*tenant("selfService: {deleteAboveGrant: «all}"), "must be true or false; it is text"),
    (*tenant("storage: {capacity: 1Gi, mountPath: «home}"), "must be an absolute path"),
    # the catalogue
    ("[scipy, torch]", "[«scypi, torch]", "there is no image scypi in the catalogue; did you mean scipy?"),
    ("[scipy, torch]", "[scipy, «pandas]", "an image outside the catalogue is written in full"),
    ("[small, gpu]", "[«smal, gpu]", "there is no profile smal; did you mean small?"),
    ("groups: [physics]\n", "groups: [physics]\n        profiles: [«smal]\n", "there is no profile smal"),
    ("groups: [physics]\n", "groups: [physics]\n        images: [«a/B]\n", "'B' is no path part"),
    ("images: [torch]", "images: [«touch]", "there is no image touch in the catalogue; did you mean torch?"),
    ("[scipy, torch]", '[scipy, torch, «"*"]', "would allow every image"),
    ("[scipy, torch]", '[scipy, torch, «"*/x"]', "must begin with the registry written out"),
    ("image: quay.io/jupyter/scipy-notebook:2026-10-20", "image: «quay.io/Jupyter/scipy", "'Jupyter' is no path part"),
    ("image: quay.io/jupyter/scipy-notebook:2026-10-20", "image: «quay.io/jupyter/*", "'*' is no path part"),
    ("default: physics", "default: «phisics", "there is no tenant phisics; did you mean physics?"),
    ("[small, gpu]", "[small, «'hub:larg']", "the hub's profile_list has no entry larg; did you mean hub:large?"),
    # amounts
    ("memory: 2Gi", "memory: {request: 4Gi, limit: «2Gi}", "the limit 2Gi is below the request 4Gi"),
    ("default: 1}", "default: «3}", "3 is not among the choices 1, 2"),
    ("choices: [1, 2], default: 1", "choices: «[]", "must not be empty"),
    ("choices: [1, 2]", "choices: [1, «1]", "1 is there twice"),
    ("{choices: [1, 2]", "{resource: «gpus, choices: [1, 2]", "is no device's resource name"),
    ("version: 1\n", "version: 1\ngpu: «gpus\n", "is no device's resource name"),
    ("{cpu: 4,", "{«cpus: 4,", "a quota has no resource cpus; did you mean cpu?"),
    ("{cpu: 4,", "{«requests.cpus: 4,", "did you mean requests.cpu?"),
    ("{cpu: 4,", "{«qwertz: 4,", "there are cpu, memory, gpu"),
    ("{cpu: 4,", "{«nvidia.com/gpu: 4,", "write requests.nvidia.com/gpu"),
    ("{cpu: 4,", "{«limits.nvidia.com/gpu: 4,", "write requests.nvidia.com/gpu"),
    ("gpu: 2}", "gpu: «1.5}", "must be a whole number"),
    ("gpu: 2}", "gpu: «-1}", "must not be negative"),
    ("gpu: 2}", "servers: «1.5}", "must be a whole number"),
    ("gpu: 2}", "servers: «-1}", "must not be negative"),
    ("gpu: 2}", "servers: «10000000}", "must be at most 1000000"),
    ("gpu: 2}", 'servers: «"2"}', "must be a whole number; it is text"),
    ("gpu: 2}", "gpu: «010}", 'is a number in another base to some readers of YAML; quote this value: "010"'),
    ("gpu: 2}", "gpu: «1e19}", "more than Kubernetes can hold"),
    ("gpu: 2}", 'gpu: «"9223372036854775808"}', "more than Kubernetes can hold"),
    ("gpu: 2}", "gpu: «500m}", "must be a whole number"),
    ("gpu: 2}", "gpu: «two}", "is not a quantity; expected a number with an optional suffix"),
    ("gpu: 2}", "gpu: «true}", "must be a quantity such as"),
    ("gpu: 2}", "pods: «0.5}", "must be a whole number"),
    ("gpu: 2}", "requests.nvidia.com/mig-1g.10gb: «-1}", "must not be negative"),
    ("gpu: 2}", "gpu: 2}\n      team: {gpu: «-8}", "must not be negative"),
    ("gpu: 2}", "gpu: 2}\n      team: {gpu: «0.5}", "must be a whole number"),
    ("gpu: 2}", "gpu: 2}\n      team: {gpu: «010}", 'quote this value: "010"'),
    ("gpu: 2}", "gpu: 2}\n      team: {memory: «1e30}", "more than Kubernetes can hold"),
    ("gpu: 2}", "gpu: 2}\n      team: {«gpus: 8}", "a quota has no resource gpus; did you mean gpu?"),
    ("gpu: 2}", "gpu: 2}\n      team: {«request.nvidia.com/gpu: 8}", "write requests.request.nvidia.com/gpu"),
    ("gpu: 2}", "gpu: 2}\n      «teams: {gpu: 8}", "unknown key; did you mean team?"),
    ("groups: [physics]\n", "groups: [physics]\n        quota: {gpu: «-1}\n", "must not be negative"),
    ("memory: 2Gi", "memory: «500m", "500m is less than one byte: m is a thousandth"),
    ("memory: 2Gi", "memory: {request: «500m, limit: 2Gi}", "500m is less than one byte"),
    ("gpu: 2}", "memory: «64m}", "64m is less than one byte"),
    ("gpu: 2}", "requests.ephemeral-storage: «1m}", "1m is less than one byte"),
    (*tenant("limits: {max: {memory: «64m}}"), "64m is less than one byte"),
    (*tenant("storage: {capacity: «10m}"), "10m is less than one byte"),
    ("gpu: 2}", "requests.nvidia.com/mig-1g.10gb: «500m}", "must be a whole number"),
    ("gpu: 2}", "«gpu: 2, requests.nvidia.com/gpu: 2}", "says the same as requests.nvidia.com/gpu"),
    ("gpu: 2}", "gpu: 2}\n      team: {«servers: 2}", "servers are counted for each person"),
    ("gpu: 2}", "gpu: 2}\n      team: {«storage: 2Gi}", "a team's budget takes what pods are charged for"),
    ("groups: [physics]\n", "groups: [physics]\n        quota: {«cpuu: 1}\n", "a quota has no resource cpuu"),
    (*tenant("limits: {default: {«gpu: 1}}"), "a container has no resource gpu"),
    (*tenant("limits: {default: {cpu: «4}, max: {cpu: 2}}"), "is above max, which is 2"),
    (*tenant("limits: {min: {cpu: «4}, max: {cpu: 2}}"), "is above max, which is 2"),
    (*tenant("limits: {defaultRequest: {memory: «4Gi}, default: {memory: 2Gi}}"), "is above default, which is 2Gi"),
    # people
    ("groups: [physics]", 'users: [«"a*"]', 'only "*" alone (everybody) is a pattern here'),
    # namespaces
    (*namespace("{name: «'{prefix}x'}"), "must contain {username}"),
    (*namespace("{name: «'{prefix}{tennant}--{username}'}"), "there is no field {tennant}; did you mean tenant?"),
    (*namespace("{name: «'{prefix}{zz}--{username}'}"), "there is no field {zz}; there are prefix"),
    (*namespace("{name: «'{prefix}{username}--{servername}'}"), "all servers of a person share a namespace"),
    (*namespace("{name: «'{prefix}X-{username}'}"), "lower case letters, digits and - only"),
    (*namespace("{per: tenant, name: «'{prefix}{username}'}"), "cannot contain {username}"),
    (*namespace("{per: tenant, name: «'{prefix}'}"), "is no name of a namespace"),
    (*namespace("{per: tenant, name: «'{prefix}" + "x" * 63 + "'}"), "at most 63"),
    (*namespace("{per: tenant, name: «kube-public}"), "is reserved for Kubernetes itself"),
    (*namespace("{per: tenant, name: «default}"), "is reserved for Kubernetes itself"),
    (*namespace("{name: «'kube-{username}'}"), "is reserved for Kubernetes itself"),
    (*namespace("{per: tenant, name: «hub-home}"), "is the hub's own namespace"),
    (*namespace("{per: tenant, name: «elsewhere}"), "c.TenantSpawner.namespace_prefix"),
    (*namespace("{name: «'{tenant}--{username}'}"), "c.TenantSpawner.namespace_prefix"),
    ("default: physics", f"{TENANT[1:]}, namespace: {{name: «'{{prefix}}physics--{{username}}'}}}}", "can produce a namespace of the tenant physics"),
    (*namespace("{name: «'kub{username}'}"), "is reserved for Kubernetes itself"),
    (*namespace("{name: «'{prefix}{username}'}"), "is the hub's own namespace"),
    (*namespace("{podSecurity: «privileged}"), "c.TenantSpawner.max_pod_security"),
    (*namespace("{labels: {«pod-security.kubernetes.io/enforce: privileged}}"), "use podSecurity"),
    (*namespace("{labels: {«tenantspawner.io/hub: other}}"), "is set by Kubernetes or by tenantspawner"),
    (*namespace("{labels: {«'a b': x}}"), "is no label's or annotation's key"),
    (*namespace("{labels: {a: «'x y'}}"), "is no label's value"),
    # the hub's bounds
    (*tenant("roles: [«admin]"), "c.TenantSpawner.allowed_cluster_roles"),
    (*tenant("serviceAccount: {name: «default}"), "choose another name"),
    (*tenant("objects: [{apiVersion: v1, kind: «ConfigMap, metadata: {name: x}}]"), "c.TenantSpawner.allowed_object_kinds"),
    (*tenant("objects: [{apiVersion: v1, kind: «Namespace, metadata: {name: x}}]"), "does not live in a namespace"),
    (*tenant("objects: [«{kind: ConfigMap, metadata: {name: x}}]"), "a manifest needs apiVersion"),
    (*tenant("objects: [«{apiVersion: v1, kind: ConfigMap, metadata: {}}]"), "a manifest needs metadata.name"),
    (*tenant("objects: [«{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: y}}]"), "leave metadata.namespace out"),
    ("    cpu: 1\n", "    override: {«namespace: kube-system}\n", "c.TenantSpawner.allowed_overrides"),
    ("    cpu: 1\n", "    options: {o: {choices: {a: {kubespawner_override: {«cmd: [sh]}}}}}\n", "c.TenantSpawner.allowed_overrides"),
    ("    cpu: 1\n", "    options: {o: {unlisted_choice: {kubespawner_override: {«uid: 0}}}}\n", "c.TenantSpawner.allowed_overrides"),
    # pods
    ("    cpu: 1\n", "    env: {«'a b': x}\n", "is no name of an environment variable"),
    ("    cpu: 1\n", "    env: {«NVIDIA_VISIBLE_DEVICES: all}\n", "is set by the hub or the device plugin"),
    ("    cpu: 1\n", "    tolerations: [«{key: a, operator: Exists, value: b}]\n", "operator Exists takes no value"),
    ("    cpu: 1\n", "    tolerations: [«{effect: NoSchedule}]\n", "without a key the operator must be Exists"),
    ("    cpu: 1\n", "    tolerations: [«{key: a, tolerationSeconds: 5}]\n", "tolerationSeconds needs effect: NoExecute"),
    (*tenant("volumes: [{claim: a, mountPath: «/}]"), "must be a directory below /"),
    (*tenant("volumes: [{claim: a, mountPath: /x/}, {claim: b, mountPath: «/x}]"), "/x is taken by volumes[0]"),
    (*tenant("volumes: [{claim: a, mountPath: /x, subPath: «../y}]"), "must be relative, without .."),
    (*tenant("storage: {capacity: 1Gi, mountPath: «/a/../b}"), "must not contain .."),
    # the network
    (*tenant("network: {extraEgress: [{«form: []}]}"), "unknown key; known here: ports, to"),
    (*tenant("network: {extraIngress: [{from: [{ipBlock: {cidr: «10.0.0.1/8}}]}]}"), "is no network such as 10.0.0.0/8"),
    (*tenant("network: {extraIngress: [{from: [«{}]}]}"), "names nobody"),
    (*tenant("network: {extraEgress: [{to: [«{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}"), "ipBlock stands alone"),
]  # fmt: skip

WARNINGS: list[tuple[str, str, str]] = [
    ("groups: [physics]", "users: [«Alice]", "Alice may never match"),
    ("groups: [physics]", "groups: [physics, «Physics]", "differ only by case"),
    ("      - groups: [physics]", "      - «{}", "matches nobody"),
    ("groups: [physics]\n", "groups: [physics]\n        until: «2020-01-01\n", "2020-01-01 is over"),
    ("groups: [physics]\n", 'groups: [physics]\n        images: [«"quay.io/x/y"]\n', "a rule narrows them and cannot add"),
    ("[scipy, torch]", "[scipy]", "none of the images of the profile gpu is among this tenant's, so it is not shown"),
    ("[scipy, torch]", "«[]", "allows no images, so nobody here can start anything"),
    ("[small, gpu]", "«[]", "allows no profiles"),
    ("gpu: 2}", "gpu: 1}", "the profile gpu offers 2 of requests.nvidia.com/gpu (t.yaml:11:20), and quota.user is 1 (t.yaml:20:27): that choice never starts"),
    ("gpu: 2}", "gpu: 0}", "asks for 1 of requests.nvidia.com/gpu (t.yaml:11:20), and quota.user is 0 (t.yaml:20:27): it never starts"),
    ("gpu: 2}", "gpu: 2}\n      team: {gpu: 1}", "offers 2 of requests.nvidia.com/gpu (t.yaml:11:20), and quota.team is 1 (t.yaml:21:19): that choice never starts"),
    ("gpu: 2}", "gpu: 2}\n      team: {requests.nvidia.com/gpu: 0}", "and quota.team is 0 (t.yaml:21:39): it never starts"),
    ("gpu: {choices: [1, 2], default: 1}", "gpu: 4", "asks for 4 of requests.nvidia.com/gpu (t.yaml:11:10), and quota.user is 2 (t.yaml:20:27): it never starts"),
    ("    cpu: 1\n", "    cpu: 8\n", "asks for 8 of limits.cpu (t.yaml:8:10), and quota.user is 4 (t.yaml:20:19): it never starts"),
    ("    cpu: 1\n", "    cpu: {request: 1, limit: 8}\n", "asks for 8 of limits.cpu (t.yaml:8:30), and quota.user is 4 (t.yaml:20:19): it never starts"),
    ("[small, gpu]", "[small, «gpu]\n    limits: {max: {nvidia.com/gpu: 0}}", "asks for 1 of requests.nvidia.com/gpu (t.yaml:11:20), and limits.max is 0 (t.yaml:19:36): it never starts"),
    (*tenant("limits: {max: {memory: 1Gi}}"), "asks for 2Gi of limits.memory (t.yaml:9:13), and limits.max is 1Gi (t.yaml:19:28): it never starts"),
    (*tenant("selfService: {deleteAboveGrant: «true}"), "nothing is granted here, so nothing is deleted"),
    (*tenant("onExhausted: «queue"), "there is no quota.team that could be exhausted"),
    (*namespace("{per: «hub}"), "counted by the hub alone; Kubernetes does not enforce them"),
    (*tenant("namespace: {per: hub}\n    roles: «[tenantspawner-notebook]"), "roles have no effect"),
    (*tenant("network: {extraEgress: [«{}]}"), "allows traffic to everywhere"),
    (*tenant("network: {extraIngress: [«{ports: [{port: http}, {port: 80, endPort: 90}]}]}"), "allows traffic from everywhere"),
]  # fmt: skip
