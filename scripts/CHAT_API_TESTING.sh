#!/usr/bin/env bash
# Goes through Parley's REST API with curl: registers two people of its own and lets them chat.
#
#   BASE_URL=http://localhost:8000 bash scripts/CHAT_API_TESTING.sh
#
# Needs curl and node. Ends with 0 when every call answered as it should. It registers twice, and an
# address may do that 20 times in an hour (RATE_LIMIT_REGISTER_PER_HOUR).
#
# For Postman, import $BASE_URL/api/docs/openapi.json: a collection of every endpoint. Set its variable
# baseUrl to the server's address, and its bearer token to data.token of a registration.
set -euo pipefail

BASE_URL=${BASE_URL:-http://localhost:8000}
RUN=$(node -p 'Date.now().toString(36)')
FILE=$(mktemp --suffix=.png)
ANSWER=$(mktemp)
trap 'rm -f "$FILE" "$ANSWER"' EXIT
CALLS=0

# Reads a member of a JSON text: field data.user.id
field() {
  node -e 'const path = process.argv[1].split(".");
    let text = "";
    process.stdin.on("data", (d) => (text += d)).on("end", () =>
      console.log(path.reduce((value, key) => value?.[key], JSON.parse(text)) ?? ""));' "$1"
}

# Calls the API and fails unless the status is as expected; the answer is left in $BODY.
#   call <status> <method> <path> [token] [json]
call() {
  local expected=$1 method=$2 path=$3 token=${4:-} json=${5:-}
  local args=(-s -o "$ANSWER" -w '%{http_code}' -X "$method" "$BASE_URL$path")
  [ -n "$token" ] && args+=(-H "Authorization: Bearer $token")
  [ -n "$json" ] && args+=(-H 'Content-Type: application/json' -d "$json")
  check "$expected" "$method $path" "$(curl "${args[@]}")"
}

# Sends a form with files.
#   upload <status> <path> <token> <field=value>…
upload() {
  local expected=$1 path=$2 token=$3
  shift 3
  local args=(-s -o "$ANSWER" -w '%{http_code}' -H "Authorization: Bearer $token")
  for part in "$@"; do args+=(-F "$part"); done
  check "$expected" "POST $path" "$(curl "${args[@]}" "$BASE_URL$path")"
}

check() {
  BODY=$(cat "$ANSWER")
  CALLS=$((CALLS + 1))
  if [ "$3" != "$1" ]; then
    printf 'FAILED  %s: expected %s, got %s\n%s\n' "$2" "$1" "$3" "$BODY" >&2
    exit 1
  fi
  printf 'ok %s  %s\n' "$3" "$2"
}

echo '--- health'
call 200 GET /health

echo '--- two people'
for who in alice bob; do
  call 201 POST /api/auth/register '' \
    "{\"username\":\"${who}_$RUN\",\"email\":\"${who}_$RUN@example.com\",\"password\":\"test123\"}"
  if [ "$who" = alice ]; then ALICE=$(echo "$BODY" | field data.token); else
    BOB=$(echo "$BODY" | field data.token)
    BOB_ID=$(echo "$BODY" | field data.user.id)
  fi
done
call 401 GET /api/chats/active
call 200 GET /api/auth/me "$ALICE"

echo '--- a chat request'
call 201 POST /api/chats/or-create "$ALICE" "{\"recipientId\":\"$BOB_ID\"}"
CHAT=$(echo "$BODY" | field data.id)
call 403 POST /api/messages "$ALICE" "{\"chatId\":\"$CHAT\",\"content\":\"too early\"}"
call 200 GET /api/chats/requests "$BOB"
call 200 POST "/api/chats/$CHAT/accept" "$BOB"
call 200 GET "/api/chats/$CHAT" "$ALICE"

echo '--- messages'
call 201 POST /api/messages "$ALICE" \
  "{\"chatId\":\"$CHAT\",\"content\":\"Hello Bob\",\"clientMessageId\":\"$RUN-1\"}"
MESSAGE=$(echo "$BODY" | field data.id)
call 200 POST /api/messages "$ALICE" \
  "{\"chatId\":\"$CHAT\",\"content\":\"Hello Bob\",\"clientMessageId\":\"$RUN-1\"}"
call 409 POST /api/messages "$ALICE" \
  "{\"chatId\":\"$CHAT\",\"content\":\"something else\",\"clientMessageId\":\"$RUN-1\"}"
call 201 POST /api/messages "$BOB" \
  "{\"chatId\":\"$CHAT\",\"content\":\"Hello Alice\",\"replyTo\":\"$MESSAGE\"}"
call 200 GET "/api/chats/$CHAT/messages?limit=50&page=1" "$ALICE"
call 200 GET "/api/chats/$CHAT/search?q=hello" "$BOB"
call 200 PUT "/api/messages/$MESSAGE" "$ALICE" '{"content":"Hello dear Bob"}'
call 403 PUT "/api/messages/$MESSAGE" "$BOB" '{"content":"not mine"}'
call 200 POST "/api/messages/$MESSAGE/react" "$BOB" '{"emoji":"👍"}'
call 200 POST "/api/messages/$MESSAGE/read" "$BOB"
call 200 GET /api/chats/active "$BOB"

echo '--- media'
printf 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' |
  base64 -d >"$FILE"
upload 201 /api/media/upload-chat-media "$ALICE" "file=@$FILE" "chatId=$CHAT"
UPLOADED=$(echo "$BODY" | field data.fileId)
call 200 GET "/api/media/$UPLOADED/metadata" "$ALICE"
call 200 GET "/api/media/get-upload-token?chatId=$CHAT" "$ALICE"
call 200 POST /api/media/delete "$ALICE" "{\"fileId\":\"$UPLOADED\"}"

echo '--- settings of a chat'
call 200 POST "/api/chats/$CHAT/archive" "$ALICE"
call 200 POST "/api/chats/$CHAT/block" "$BOB"
call 403 POST /api/messages "$ALICE" "{\"chatId\":\"$CHAT\",\"content\":\"blocked\"}"
call 200 POST "/api/chats/$CHAT/unblock" "$BOB"
call 200 DELETE "/api/messages/$MESSAGE" "$ALICE"
call 200 DELETE "/api/chats/$CHAT" "$ALICE"

echo '--- sync'
call 200 POST /api/sync "$BOB" "{\"chats\":{\"$CHAT\":0}}"

echo '--- the end'
call 200 POST /api/auth/logout "$ALICE"
call 401 GET /api/auth/me "$ALICE"
echo "all $CALLS calls answered as they should"
