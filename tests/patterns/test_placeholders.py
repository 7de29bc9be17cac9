"""What a person types in a key's place is never reported."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Finder

IN_CODE = (
    "{}",
    "{}\n",
    "OPENAI_API_KEY={}",
    'OPENAI_API_KEY="{}"',
    "export OPENAI_API_KEY='{}'",
    "openai.api_key = '{}'",
    'client = OpenAI(api_key="{}", base_url="https://api.openai.com/v1")',
    'client = AzureOpenAI(azure_endpoint="https://x.openai.azure.com", api_key="{}")',
    'os.environ["OPENAI_API_KEY"] = "{}"',
    "const openai = new OpenAI({{ apiKey: '{}', dangerouslyAllowBrowser: true }});",
    "curl https://api.openai.com/v1/models -H 'Authorization: Bearer {}'",
    "api-key: {}",
    "OPENAI_BASE_URL=https://api.deepseek.com\nOPENAI_API_KEY={}",
    "litellm --port :4000 LITELLM_MASTER_KEY={}",
    "moonshot kimi qwen dashscope siliconflow stability {}",
    "# openai, azure_openai, codex and chatgpt: {} here",
    "ENV OPENAI_API_KEY {}",
    "docker run -e OPENAI_API_KEY={} litellm",
    '<add key="OpenAI:ApiKey" value="{}"/>',
    "`{}`",
    "https://example.org/?openai_key={}&x=1",
    "openai:\n  api_key: {}  # your key",
)


@pytest.mark.parametrize("template", IN_CODE)
def test_a_placeholder_gives_nothing(find: Finder, placeholders: list[str], template: str) -> None:
    found = [fake for fake in placeholders if find.matches(template.format(fake))]

    assert found == []


@pytest.mark.parametrize("escapes", [0, 1, 2])
def test_a_placeholder_in_json_gives_nothing(find: Finder, placeholders: list[str], escapes: int) -> None:
    found = []
    for fake in placeholders:
        text = json.dumps({"OPENAI_API_KEY": fake, "openai_api_key": f"\n{fake}\n", "provider": "litellm deepseek"})
        for _ in range(escapes):
            text = json.dumps({"source": text})
        found += [fake] if find.matches(text) else []

    assert found == []


def test_all_placeholders_in_one_file_give_nothing(find: Finder, placeholders: list[str]) -> None:
    assert find.texts("\n".join(f"OPENAI_API_KEY={fake}" for fake in placeholders)) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_placeholders_in_utf_16_give_nothing(find: Finder, placeholders: list[str], encoding: str) -> None:
    text = "\r\n".join(f"$env:OPENAI_API_KEY = '{fake}'" for fake in placeholders)

    assert find.texts(text.encode(encoding)) == []


@pytest.mark.parametrize(
    "text",
    [
        "sk-...",
        "sk-proj-***",
        "sk-XG6GW***wlmi",
        "sk-proj-...sQoA",
        "<your_openai_api_key>",
        "OPENAI_API_KEY=${OPENAI_API_KEY}",
        "OPENAI_API_KEY={{ secrets.OPENAI_API_KEY }}",
        "OPENAI_API_KEY=$(llm keys get openai)",
        '"sk-" + "a"*20 + "T3BlbkFJ" + "b"*20',
        "sk-[a-zA-Z0-9]{20}T3BlbkFJ[a-zA-Z0-9]{20}",
        r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{74}T3BlbkFJ[A-Za-z0-9_-]{74}\b",
        "sk-tracing-123 sk-test-hotels sk-chatgpt-azure-function sk-version-bump-2026-03-19",
        "ek_1234 ek_abc123 rt.1.AAAtest whsec_your_secret sess-token-2 at-test",
        "T3BlbkFJ",
        "JFkblB3T VDNCbGJrRk QzQmxia0ZK UM0JsYmtGS 5433426c626b464a",
        "risk-none-critical-text task-none-acute disk-none",
    ],
)
def test_what_documents_and_scanners_write_gives_nothing(find: Finder, text: str) -> None:
    assert find.texts(f"openai azure_openai codex litellm {text}") == []
