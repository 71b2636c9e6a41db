package composer

import (
	"encoding/json"
	"fmt"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/template"
)

// parse reads the order's templates, by variant.
func parse(m actors.Compose) (templates []*template.Template, err error) {
	for _, messages := range messagesOf(&m) {
		t, err := template.Parse(messages, template.Options{})
		if err != nil {
			return nil, err
		}
		templates = append(templates, t)
	}
	return templates, nil
}

// messagesOf are those of an order, by variant.
func messagesOf(m *actors.Compose) []json.RawMessage {
	if len(m.Variants) > 0 {
		return m.Variants
	}
	return []json.RawMessage{m.Messages}
}

// bind makes the template ready that a chunk's lot has.
func (k *Composer) bind(chunk plan.Chunk) error {
	if k.bound != nil && k.lot == chunk.Lot {
		return nil
	}
	if int(chunk.Variant) >= len(k.templates) {
		return fmt.Errorf("the campaign has no variant %d", chunk.Variant)
	}
	bound, err := k.templates[chunk.Variant].Bind(chunk.Columns, chunk.Now(calendar.Clock(k.order.Due, k.order.Zone)))
	if err == nil {
		k.bound, k.lot = bound, chunk.Lot
	}
	return err
}
