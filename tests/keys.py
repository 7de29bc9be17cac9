"""Keys of every format from a seed, valid in structure, and ones that are broken in each way.

No literal key lies in this repository: tests take theirs from here.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from random import Random

from keyguard import structure
from keyguard.judge.fakes import TESTS
from keyguard.patterns.templates import fill

MODERN = {
    "user": ("sk-", 42, 42),
    "service-46": ("sk-svcacct-", 46, 46),
    "service-57": ("sk-svcacct-", 57, 58),
    "service-59": ("sk-svcacct-", 59, 60),
    "project-58": ("sk-proj-", 58, 58),
    "admin": ("sk-admin-", 58, 58),
    "project": ("sk-proj-", 74, 74),
    "service": ("sk-svcacct-", 74, 74),
    "none": ("sk-None-", 74, 74),
}
"""The lengths of the halves that genuine keys were seen with."""

LEGACY = ("sk-", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-", "sk-service-", "sk-my-backend-")

UNMARKED = {
    "openai-session": ("{}", "sess-", "{alnum:40}"),
    "openai-ephemeral": ("{}", "ek_", "{ephemeral}"),
    "openai-codex-refresh": ("{}", "rt.1.", "AA{b64u:189}"),
    "openai-codex-refresh-old": ("CODEX_REFRESH_TOKEN={}", "rt_", "{b64u:64}"),
    "openai-codex-access": ("CODEX_ACCESS_TOKEN={}", "at-", "{b64u:43}"),
    "openai-webhook-secret": ("OPENAI_WEBHOOK_SECRET={}", "whsec_", "{b64:44}"),
    "openai-prefixed-unmarked": ("{}", "sk-proj-", "{b64u:156}"),
    "openai-2020": ("openai.api_key = '{}'", "sk-", "{alnum:40}"),
    "azure-openai-hex": ("AZURE_OPENAI_API_KEY={}", "", "{uuid4hex}"),
    "anthropic": ("{}", "sk-ant-api03-", "{b64u:93}AA"),
    "openrouter": ("{}", "sk-or-v1-", "{hex:64}"),
    "deepseek": ("https://api.deepseek.com {}", "sk-", "{uuid4hex}"),
    "dashscope": ("dashscope.api_key = '{}'", "sk-", "{uuid4hex}"),
    "dashscope-plan": ("{}", "sk-sp-", "{alnum:40}"),
    "gateway-hex": ("OPENAI_API_KEY={}", "sk-", "{hex:32}"),
    "one-api": ("{}", "sk-", "{one_api}"),
    "siliconflow": ("https://api.siliconflow.cn/v1 {}", "sk-", "{lower:48}"),
    "moonshot": ("MOONSHOT_API_KEY={}", "sk-", "{alnum:48}"),
    "kimi-code": ("{}", "sk-kimi-", "{alnum:64}"),
    "stability": ("STABILITY_KEY={}", "sk-", "{alnum:48}"),
    "gateway": ("OPENAI_API_KEY={}", "sk-", "{alnum:48}"),
    "minimax": ("{}", "sk-api-", "{b64u:119}"),
    "litellm": ("LITELLM_API_KEY={}", "sk-", "{b64u:22}"),
    "langfuse": ("{}", "sk-lf-", "{uuid4}"),
    "pyx": ("{}", "sk-pyx-", "{alnum:64}"),
    "emergent": ("{}", "sk-emergent-", "{hex:18}"),
    "testsprite": ("{}", "sk-user-", "{b64u:90}"),
    "hack-club": ("{}", "sk-hc-v1-", "{hex:64}"),
    "openai-name-groq": ("OPENAI_API_KEY={}", "gsk_", "{alnum:52}"),
    "openai-name-xai": ("OPENAI_API_KEY={}", "xai-", "{alnum:80}"),
    "openai-name-cerebras": ("OPENAI_API_KEY={}", "csk-", "{hex:48}"),
    "openai-name-together": ("OPENAI_API_KEY={}", "tgp_v1_", "{b64u:43}"),
    "openai-name-perplexity": ("OPENAI_API_KEY={}", "pplx-", "{alnum:48}"),
    "openai-name-huggingface": ("OPENAI_API_KEY={}", "hf_", "{alnum:34}"),
    "openai-name-vercel": ("OPENAI_API_KEY={}", "vck_", "{alnum:56}"),
    "openai-name-nvidia": ("OPENAI_API_KEY={}", "nvapi-", "{b64u:64}"),
    "openai-name-glm": ("OPENAI_API_KEY={}", "", "{hex:32}.{alnum:16}"),
}
"""Each kind that bears no marker: the words that it needs around it, its prefix, its body."""

CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


@dataclass(frozen=True)
class Keys:
    """Keys drawn from one seed: the same seed, the same keys."""

    seed: int | str = 0

    def make(self, prefix: str, body: str, number: int = 0) -> str:
        """A prefix and a filled template, so that no part of it looks like a fake by chance."""
        random = Random(f"{self.seed}:{prefix}:{body}:{number}")
        for _ in range(1000):
            drawn = fill(body, random)
            # Of an Azure key the first 52 characters are drawn, the rest is a frame.
            judged = drawn[:52] if "azure84" in body else drawn
            mixed = all(any(c in group for c in judged) for group in CLASSES) or not _mixes(body)
            if mixed and not any(test(judged) for test in TESTS["unmarked"]) and (prefix or judged[0].isalnum()):
                return prefix + drawn
        raise AssertionError(f"{body} gives only what looks like a fake")

    def modern(self, kind: str = "project", number: int = 0) -> str:
        prefix, left, right = MODERN[kind]
        return self.make(prefix, f"{{modern:{left},{right}}}", number)

    def legacy(self, prefix: str = "sk-", number: int = 0) -> str:
        return self.make(prefix, f"{{alnum:20}}{structure.MARKER}{{alnum:20}}", number)

    def azure(self, provider: str = "AAAB", signature: str = "ACOG", number: int = 0) -> str:
        return self.make("", f"{{azure84:{signature},{provider}}}", number)

    def session(self, number: int = 0) -> str:
        return self.unmarked("openai-session", number)

    def unmarked(self, pattern: str, number: int = 0) -> str:
        _, prefix, body = UNMARKED[pattern]
        return self.make(prefix, body, number)

    def in_context(self, pattern: str, number: int = 0) -> tuple[str, str]:
        """An unmarked key, and a text that holds it with the words that it needs."""
        key = self.unmarked(pattern, number)
        return key, UNMARKED[pattern][0].format(key)

    def body(self, number: int = 0) -> str:
        """A modern key's body without its prefix."""
        return self.modern("project", number).removeprefix("sk-proj-")

    def marked(self) -> list[str]:
        """One of each kind that bears OpenAI's marker: these are found in any surroundings."""
        return [*(self.modern(kind) for kind in MODERN), *(self.legacy(prefix) for prefix in LEGACY)]

    def every_kind(self) -> list[str]:
        """One of each kind that is told by its own text."""
        return [*self.marked(), self.azure(), self.azure("AAAA"), self.session()]

    # What is not a key, or not surely one.

    def unbalanced(self, number: int = 0) -> str:
        """A modern key of which the right half was cut short."""
        return self.modern("project", number)[:-9]

    def without_zero_tail(self, number: int = 0) -> str:
        """A modern key whose last byte was edited."""
        return self.modern("project", number)[:-2] + "_w"

    def short_legacy(self, number: int = 0) -> str:
        """A legacy key with one character too few in its left half."""
        key = self.legacy(number=number)
        return key[:3] + key[4:]

    def wrong_checksum(self, number: int = 0) -> str:
        """An Azure key with its first character changed."""
        key = self.azure(number=number)
        return ("a" if key[0] != "a" else "b") + key[1:]

    def no_uuid(self, number: int = 0) -> str:
        """32 hex digits whose version digit is not 4."""
        digits = self.unmarked("azure-openai-hex", number)
        return digits[:12] + "7" + digits[13:]

    def wrong_case(self, number: int = 0) -> str:
        """A one-api key of which the UUID's letters have changed their case."""
        key = self.unmarked("one-api", number)
        return key[:19] + key[19:].swapcase()


def _mixes(body: str) -> bool:
    """Whether the template's text has all three classes of characters."""
    return "alnum" in body or "b64" in body or "modern" in body
