package line

import (
	"strconv"
	"unicode/utf8"

	"hayauma.example/actors/provider"
)

// appendCall writes the request's body. The same call gives the same bytes.
func appendCall(dst []byte, call *provider.Call) []byte {
	if dst == nil {
		dst = make([]byte, 0, 24+len(call.To)*36+len(call.Messages))
	}
	dst = append(dst, `{"to":`...)
	if call.Endpoint == provider.Push {
		dst = appendID(dst, call.To[0])
	} else {
		for i, id := range call.To {
			dst = append(dst, "[,"[min(i, 1)])
			dst = appendID(dst, id)
		}
		dst = append(dst, ']')
	}
	dst = append(dst, `,"messages":`...)
	dst = append(dst, call.Messages...)
	return append(dst, '}')
}

// appendMessages writes the body of a validation.
func appendMessages(dst, messages []byte) []byte {
	return append(append(append(dst, `{"messages":`...), messages...), '}')
}

// appendID writes an id as a JSON string. LINE's ids are plain ASCII; anything else is escaped and left for LINE to refuse.
func appendID(dst []byte, id string) []byte {
	dst = append(dst, '"')
	for _, r := range id {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x10:
			dst = strconv.AppendInt(append(dst, `\u000`...), int64(r), 16)
		case r < 0x20:
			dst = strconv.AppendInt(append(dst, `\u00`...), int64(r), 16)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
