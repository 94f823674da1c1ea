"""The form of profiles: KubeSpawner's fields, no script, everything escaped, saved options only while they hold."""

from html.parser import HTMLParser

import pytest

from tenantspawner.errors import Misconfigured
from tenantspawner.settings.choice import completed, from_form
from tests.settings.support import spawner

PROFILES = [
    {"display_name": "Small"},
    {
        "display_name": "Big <b>",
        "slug": "big",
        "description": "<script>alert(1)</script>",
        "profile_options": {
            "image": {
                "display_name": "Image",
                "choices": {"a": {"display_name": "A"}, "b": {"display_name": "B"}},
                "unlisted_choice": {"enabled": True, "display_name": "Other", "validation_regex": "[a-z]+"},
            },
            "typed": {"display_name": "T", "unlisted_choice": {"enabled": True}},
        },
    },
]


class Controls(HTMLParser):
    """Reads what a browser would send: fields by name, with what is chosen in them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.chosen, self.select = [], {}, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        match tag:
            case "input" if attrs["type"] == "text" or "checked" in attrs:
                self.chosen[attrs["name"]] = [attrs["value"]]
            case "select":
                self.select = attrs["name"]
            case "option" if "selected" in attrs or self.select not in self.chosen:
                self.chosen[self.select] = [attrs["value"]]


async def shown(options, **config):
    one = spawner({"profile_list": PROFILES, **config})
    one.user_options = options
    return await one.get_options_form()


async def test_the_form_has_the_fields_and_no_script():
    html = await shown({})
    controls = Controls(html)
    assert controls.chosen == {
        "profile": ["small"],
        "profile-option-big--image": ["a"],
        "profile-option-big--image--unlisted-choice": [""],
        "profile-option-big--typed--unlisted-choice": [""],
    }
    assert "script" not in controls.tags
    assert "Big &lt;b&gt;" in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "small"},
        {"profile": "big", "image": "b", "typed--unlisted-choice": '"><script>'},
        {"profile": "big", "image--unlisted-choice": "abc", "typed--unlisted-choice": "{{ 7*7 }}"},
    ],
)
async def test_what_was_saved_is_offered_again_and_sent_as_it_was(options):
    controls = Controls(await shown(options))
    assert "script" not in controls.tags
    assert from_form(controls.chosen) in (options, options | {"image": "unlisted-choice"})


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "gone"},
        {"profile": "big", "image": "gone"},
        {"profile": ["x"]},
        ["x"],
        "x",
        None,
        {"profile": "big", "image--unlisted-choice": "1"},
    ],
)
async def test_what_no_longer_holds_is_not_offered_again(options):
    one = spawner({"profile_list": PROFILES})
    assert one._options_that_hold(completed(PROFILES) if isinstance(options, dict) else []) == {}
    if isinstance(options, dict):
        assert Controls(await shown(options)).chosen["profile"] == ["small"]


async def test_templates_written_for_kubespawner_are_used(tmp_path):
    (tmp_path / "form.html").write_text(
        "{% for p in profile_list %}{{ p.slug }}={{ p.display_name }};{% endfor %}{{ user_options | tojson }}"
    )
    one = await shown({"profile": "small"}, additional_profile_form_template_paths=[str(tmp_path)])
    assert one == 'small=Small;big=Big &lt;b&gt;;{"profile": "small"}'
    text = await shown({}, profile_form_template="{{ profile_list | length }}")
    assert text == "2"


async def test_there_is_no_form_without_profiles():
    assert await spawner().get_options_form() == ""


async def test_profiles_can_be_made_for_each_person():
    async def profiles(spawner):
        return [{"display_name": f"Only for {spawner.user.name}"}]

    one = spawner({"profile_list": profiles})
    assert "Only for ada" in await one.get_options_form()


@pytest.mark.parametrize(
    ("formdata", "options"),
    [
        (
            {"profile": ["big"], "profile-option-big--image": ["b"], "profile-option-small--x": ["y"]},
            {"profile": "big", "image": "b"},
        ),
        ({"profile": ["big"], "profile-option-big--image--unlisted-choice": [""]}, {"profile": "big"}),
        ({"profile-option-big--image": ["b"], "other": ["x"]}, {}),
        ({"profile": []}, {}),
        ({"profile": ["big"], "profile-option-big--file_file": [{"body": b"x"}]}, {"profile": "big"}),
    ],
)
def test_a_form_is_read(formdata, options):
    assert spawner().run_options_from_form(formdata) == options


@pytest.mark.parametrize("profiles", [[{}], ["x"], [{"description": "x"}]])
def test_a_profile_without_a_name_is_reported(profiles):
    with pytest.raises(Misconfigured) as wrong:
        completed(profiles)
    assert wrong.value.setting == "profile_list"
