"""The tenancy the browser is shown: ordinary people, and everything that has broken a form before.

`ann` is in two teams with many profiles; `mallory`'s team has script in every text; `omar`'s writes from right to left;
`len` has names of 200 characters; `solo` has one thing to start; `nobody` none.
"""

EVIL = "<img src=x onerror=window.broken=1><script>window.broken=1</script>"
LONG = "Astro" * 40
ARABIC = "قسم الفيزياء"

HUB = """
c.Authenticator.allow_all = False
c.Authenticator.any_allow_config = True
c.Authenticator.allowed_users = {"ann", "mallory", "omar", "len", "solo", "nobody"}
c.KubeSpawner.profile_list = [
    {
        "display_name": "From the hub",
        "slug": "classic",
        "profile_options": {
            "size": {"display_name": "Size", "choices": {"s": {"display_name": "Little"}, "l": {"display_name": "Much"}}},
            "note": {
                "display_name": "Note",
                "unlisted_choice": {"enabled": True, "display_name": "Your note", "validation_regex": "[a-z]+",
                                     "validation_message": "Small letters only"},
                "choices": {"none": {"display_name": "None"}},
            },
        },
    },
]
"""

TENANCY = f"""\
version: 1
contact: help@example.edu
images:
  light: {{image: "localhost/light:1", displayName: Light, description: There at once}}
  other: {{image: "localhost/light-other:1", displayName: Another, description: As quick as the first}}
  evil: {{image: "localhost/light-evil:1", displayName: "{EVIL}", description: "{EVIL}"}}
  evil2: {{image: "localhost/light-evil:2", displayName: "2 {EVIL}", description: "{EVIL}"}}
  arabic: {{image: "localhost/light:3", displayName: "{ARABIC} ١", description: "{ARABIC}"}}
  arabic2: {{image: "localhost/light:4", displayName: "{ARABIC} ٢", description: "{ARABIC}"}}
  long: {{image: "localhost/light:5", displayName: "{LONG}", description: "{LONG}"}}
  long2: {{image: "localhost/light:6", displayName: "2{LONG}", description: "{LONG}"}}
profiles:
  small: {{displayName: Small, description: For a first look, cpu: 100m, memory: 64Mi}}
  second: {{displayName: Second, cpu: 100m, memory: 64Mi}}
  third: {{displayName: Third, cpu: 100m, memory: 64Mi}}
  fourth: {{displayName: Fourth, cpu: 100m, memory: 64Mi}}
  gpu: {{displayName: With GPUs, cpu: 200m, memory: 128Mi, gpu: {{choices: [1, 2, 4], default: 1}}}}
  huge: {{displayName: Huge, cpu: 100, memory: 64Mi}}
  evil: {{displayName: "{EVIL}", description: "{EVIL}", cpu: 100m, memory: 64Mi}}
  arabic: {{displayName: "{ARABIC}", description: "{ARABIC}", cpu: 100m, memory: 64Mi}}
  long: {{displayName: "{LONG}", description: "{LONG}", cpu: 100m, memory: 64Mi, gpu: {{choices: [1, 2]}}}}
tenants:
  physics:
    displayName: Physics
    members: [{{users: [ann]}}]
    images: [light, other, "localhost/light-free/*"]
    profiles: [small, second, third, fourth, gpu, huge]
    quota: {{user: {{cpu: 4, memory: 8Gi, gpu: 2}}}}
  chemistry:
    displayName: Chemistry
    members: [{{users: [ann]}}]
    images: [light, other]
    profiles: [small, "hub:classic"]
  bad:
    displayName: "{EVIL}"
    members: [{{users: [mallory]}}]
    images: [evil, evil2]
    profiles: [evil, small]
  arabic:
    displayName: "{ARABIC}"
    members: [{{users: [omar]}}]
    images: [arabic, arabic2]
    profiles: [arabic, small]
  long:
    displayName: "{LONG}"
    members: [{{users: [len]}}]
    images: [long, long2, "localhost/{"x" * 100}/*"]
    profiles: [long, small]
  solo:
    displayName: Solo
    members: [{{users: [solo]}}]
    images: [light]
    profiles: [small]
"""
