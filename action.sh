#!/usr/bin/env bash
# The GitHub Action: installs the keyguard of the action's own commit, and looks at the commits of the event.
# Everything a workflow says comes in by environment variables; nothing of it is ever part of a command's text.
set -euo pipefail

venv="${RUNNER_TEMP}/keyguard"
"${ACTION_KEYGUARD_PYTHON}" -m venv "${venv}"
bin="${venv}/bin"
[ -d "${bin}" ] || bin="${venv}/Scripts"
"${bin}/python" -P -m pip install --quiet --disable-pip-version-check "${GITHUB_ACTION_PATH}[fast]"

arguments=()
add() { if [ -n "$2" ]; then arguments+=("--$1=$2"); fi; }
add config "${ACTION_KEYGUARD_CONFIG:-}"
add baseline "${ACTION_KEYGUARD_BASELINE:-}"
add min-confidence "${ACTION_KEYGUARD_MIN_CONFIDENCE:-}"

sarif="${RUNNER_TEMP}/keyguard.sarif"
json="${RUNNER_TEMP}/keyguard.json"
text="${RUNNER_TEMP}/keyguard.txt"
arguments+=("--report=github=-" "--report=sarif=${sarif}" "--report=json=${json}" "--report=text=${text}" "--")
if [ -n "${ACTION_KEYGUARD_RANGE:-}" ]; then arguments+=("${ACTION_KEYGUARD_RANGE}"); fi

code=0
"${bin}/keyguard" commits "${arguments[@]}" || code=$?

if [ -f "${sarif}" ]; then
  {
    echo "sarif-file=${sarif}"
    echo "json-file=${json}"
  } >>"${GITHUB_OUTPUT}"
fi
if [ -f "${text}" ]; then
  # A file's name at the beginning of a line must not pass for a command to the runner.
  token="keyguard-${RANDOM}${RANDOM}${RANDOM}"
  echo "::stop-commands::${token}"
  cat "${text}"
  echo "::${token}::"
fi
exit "${code}"
