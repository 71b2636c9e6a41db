package line_test

import (
	"encoding/json"
	"testing"

	"hayauma.example/actors/provider/internal/canon"
	"hayauma.example/actors/provider/internal/lineapi"
	"hayauma.example/actors/provider/line"
)

// What CheckMessages lets pass, LINE's schema lets pass; what it refuses, the schema refuses too, except where LINE's reference says more
// than its schema (lengths, empty strings) or the text is no I-JSON.
func TestCheckMessagesAgreesWithLINE(t *testing.T) {
	api := lineapi.Open(t)
	beyond := map[string]bool{"twice.json": true, "half_surrogate.json": true}
	for name, messages := range corpus(t, "good") {
		if err := api.Messages(messages); err != nil {
			t.Errorf("%s passes here, but not with LINE's schema: %v", name, err)
		}
	}
	for name, file := range corpus(t, "bad") {
		_, messages := split(t, name, file)
		if err := api.Messages(messages); (err == nil) != beyond[name] {
			t.Errorf("%s is refused here; LINE's schema says %v", name, err)
		}
	}
}

// Every good message with any one field taken away, or made another type, is judged alike by CheckMessages and LINE's schema.
func TestCheckMessagesAgreesOnDamage(t *testing.T) {
	api := lineapi.Open(t)
	n := 0
	for name, messages := range corpus(t, "good") {
		damaged(t, messages, func(what string, bad []byte) {
			n++
			ours, theirs := line.CheckMessages(bad), api.Messages(bad)
			if ours == nil && theirs != nil {
				t.Errorf("%s, %s: passes here, but not with LINE's schema: %v\n%s", name, what, theirs, bad)
			}
			if ours != nil && theirs == nil && !stricter(what) {
				t.Errorf("%s, %s: LINE's schema lets it pass, but here: %v\n%s", name, what, ours, bad)
			}
		})
	}
	if n < 500 {
		t.Errorf("only %d kinds of damage were tried", n)
	}
}

// stricter is where LINE's reference asks for more than its schema: a box is a box by its type, wherever the schema takes it for granted.
func stricter(what string) bool {
	return what == "without type" || what == "type empty"
}

// damaged gives every variant of a JSON text with one member missing, null, empty or of another type.
func damaged(t *testing.T, text []byte, try func(what string, bad []byte)) {
	t.Helper()
	var root any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	emit := func(what string) {
		b, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		if b, err = canon.Canonical(nil, b); err != nil {
			t.Fatal(err)
		}
		try(what, b)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for k, old := range v {
				delete(v, k)
				emit("without " + k)
				for kind, wrong := range map[string]any{"object": map[string]any{}, "array": []any{}, "number": 1.5, "truth": true} {
					v[k] = wrong
					emit(k + " made " + kind)
				}
				v[k] = old
				walk(old)
			}
		}
	}
	walk(root)
}
