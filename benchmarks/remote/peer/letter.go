package peer

import (
	"reflect"

	"google.golang.org/protobuf/types/known/wrapperspb"
)

// bodyOf finds the body in a dead letter. Hollywood and Proto.Actor wrap what they could not send in a private type of their own with
// the message in a field; that still names the message, so it counts as reported, and the field is read by reflection.
func bodyOf(letter any) (body []byte, ok bool) {
	if m, ok := letter.(*wrapperspb.BytesValue); ok {
		return m.GetValue(), true
	}
	v := reflect.ValueOf(letter)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, false
	}
	for _, name := range []string{"msg", "message"} {
		if f := v.Elem().FieldByName(name); f.IsValid() && f.Kind() == reflect.Interface && !f.IsNil() {
			return valueOf(f.Elem())
		}
	}
	return nil, false
}

// valueOf reads a BytesValue through a field that may be private.
func valueOf(m reflect.Value) ([]byte, bool) {
	if m.Type() != reflect.TypeFor[*wrapperspb.BytesValue]() || m.IsNil() {
		return nil, false
	}
	return m.Elem().FieldByName("Value").Bytes(), true
}

// drop reports each dead letter that holds a body; others, such as a system's own messages, are no loss of ours.
func (e Events) drop(letter any) {
	if body, ok := bodyOf(letter); ok {
		e.Dropped(body)
	}
}
