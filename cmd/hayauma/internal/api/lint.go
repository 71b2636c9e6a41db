package api

import (
	"encoding/json"
	"errors"
	"strings"

	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/template"
)

// checkMessages refuses before the audience is read what no audience could make right.
func checkMessages(messages json.RawMessage) (*template.Template, error) {
	if !json.Valid(messages) {
		return nil, refused("messages is not valid JSON")
	}
	t, err := template.Parse(messages, template.Options{})
	var where *template.Error
	switch {
	case errors.As(err, &where):
		return nil, refused("%s", where)
	case err != nil:
		return nil, refused("messages: %s", err)
	}
	if err := line.CheckMessages(withoutPlaceholders(messages)); err != nil {
		return nil, refused("%s", err)
	}
	return t, nil
}

// withoutPlaceholders takes placeholders out of string literals, so that what is left can be checked as LINE would: the fixed text
// of a leaf is the least that it can become. A leaf with control flow may become anything; "x" stands for it. messages is valid JSON.
func withoutPlaceholders(messages []byte) []byte {
	out := make([]byte, 0, len(messages))
	for i := 0; i < len(messages); {
		if messages[i] != '"' {
			out = append(out, messages[i])
			i++
			continue
		}
		end := i + 1
		for messages[end] != '"' {
			if messages[end] == '\\' {
				end++
			}
			end++
		}
		end++
		out = append(out, fixedPart(messages[i:end])...)
		i = end
	}
	return out
}

func fixedPart(literal []byte) []byte {
	var text string
	if json.Unmarshal(literal, &text) != nil || (!strings.Contains(text, "{{") && !strings.Contains(text, "{%")) {
		return literal
	}
	fixed := "x"
	if !strings.Contains(text, "{%") {
		fixed = betweenOutputs(text)
	}
	raw, err := json.Marshal(fixed)
	if err != nil {
		return literal
	}
	return raw
}

// betweenOutputs is the text outside of {{ }}; where there is none, "x".
func betweenOutputs(text string) string {
	var fixed strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		fixed.WriteString(before)
		if !found {
			break
		}
		if _, text, found = strings.Cut(rest, "}}"); !found {
			break
		}
	}
	if fixed.Len() == 0 {
		return "x"
	}
	return fixed.String()
}
