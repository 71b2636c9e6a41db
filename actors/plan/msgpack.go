package plan

import "github.com/vmihailenco/msgpack/v5"

// EncodeMsgpack writes the table as the bytes of AppendTable: it is part of events.
func (t Table) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeBytes(AppendTable(nil, t)) }

// DecodeMsgpack is the inverse of EncodeMsgpack.
func (t *Table) DecodeMsgpack(d *msgpack.Decoder) error {
	data, err := d.DecodeBytes()
	if err != nil {
		return err
	}
	*t, err = DecodeTable(data)
	return err
}
