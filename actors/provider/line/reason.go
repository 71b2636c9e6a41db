package line

import (
	"strings"
	"unicode/utf8"
)

const maxReason = 300 // bytes, see provider.Answer

// reason makes words of others fit for logs and ledgers: at most 300 bytes of UTF-8, one line, without LINE's user, group and room ids.
func reason(text string) string {
	text = strings.ToValidUTF8(text, "?")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return ' '
		}
		return r
	}, text)
	text = maskIDs(text)
	if len(text) <= maxReason {
		return text
	}
	cut := maxReason - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// maskIDs replaces the digits of ids: U, C or R and 32 hex digits.
func maskIDs(text string) string {
	for i := 0; i+33 <= len(text); i++ {
		if strings.IndexByte("UCR", text[i]) >= 0 && isHex(text[i+1:i+33]) {
			text = text[:i+1] + "…" + text[i+33:]
		}
	}
	return text
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; s[i]-'0' > 9 && c-'a' > 5 {
			return false
		}
	}
	return true
}
