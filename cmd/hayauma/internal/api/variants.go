package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"hayauma.example/actors"
)

// nameRule is what names of variants and experiments are made of, which is that of channels.
const nameRule = "a name is made of a-z, 0-9, _ and -, begins with a letter or digit, and has at most 63 characters"

// readVariants reads the messages of which each recipient gets one.
func readVariants(d *actors.Definition, members map[string]json.RawMessage) error {
	switch {
	case len(d.Messages) > 0:
		return refused("a campaign has messages or variants, not both: each variant has messages of its own")
	case given(members["steps"]):
		return refused("a campaign has steps or variants, not both")
	case d.Experiment != "" && !channelName.MatchString(d.Experiment):
		return refused("experiment %q: %s", excerpt(d.Experiment), nameRule)
	}
	var list []json.RawMessage
	if json.Unmarshal(members["variants"], &list) != nil || len(list) < actors.MinVariants || len(list) > actors.MaxVariants {
		return refused("variants is not an array of %d to %d objects with name, weight and messages", actors.MinVariants, actors.MaxVariants)
	}
	for i, raw := range list {
		v, err := readVariant(fmt.Sprintf("variants[%d]", i), raw)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(d.Variants, func(o actors.Variant) bool { return o.Name == v.Name }) {
			return refused("variants[%d].name %q stands twice", i, v.Name)
		}
		d.Variants = append(d.Variants, v)
	}
	return nil
}

func readVariant(what string, raw json.RawMessage) (v actors.Variant, err error) {
	members, err := object(what, raw, "name", "weight", "messages")
	if err != nil {
		return v, err
	}
	if v.Name, err = optional(members, "name"); err != nil || !channelName.MatchString(v.Name) {
		return v, refused("%s.name %q: %s", what, excerpt(v.Name), nameRule)
	}
	v.Weight = 1
	if weight := members["weight"]; given(weight) {
		if v.Weight, err = strconv.Atoi(string(weight)); err != nil || v.Weight < 1 || v.Weight > actors.MaxVariantWeight {
			return v, refused("%s.weight %s is not a whole number from 1 to %d: leave it out for 1", what, excerpt(string(weight)), actors.MaxVariantWeight)
		}
	}
	if v.Messages = members["messages"]; !given(v.Messages) {
		return v, refused("%s.messages is missing: give an array of 1 to 5 LINE message objects", what)
	}
	return v, nil
}

// VariantFile is one variant in the campaign part.
type VariantFile struct {
	Name     string           `json:"name" doc:"1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit."`
	Weight   int              `json:"weight,omitempty" minimum:"1" maximum:"1000" doc:"Its share of the recipients is this of the sum of all weights. Absent: 1."`
	Messages []map[string]any `json:"messages" minItems:"1" maxItems:"5"`
}

// VariantResult is what has come of one variant.
type VariantResult struct {
	Name       string `json:"name"`
	Weight     int    `json:"weight"`
	Recipients uint64 `json:"recipients" doc:"Who get it: the sum of the following; 0 before the campaign is planned."`
	Delivered  uint64 `json:"delivered" doc:"The provider accepted it. LINE gives no receipt."`
	Failed     uint64 `json:"failed"`
	Unknown    uint64 `json:"unknown"`
	Suppressed uint64 `json:"suppressed"`
	Expired    uint64 `json:"expired"`
	Cancelled  uint64 `json:"cancelled"`
	Pending    uint64 `json:"pending"`
}

func resultsOf(i actors.Info) (out []VariantResult) {
	for n, v := range i.Variants {
		var t [actors.Delivered + 1]uint64
		for k, count := range v.Totals {
			t[k] = uint64(count)
		}
		if i.Recurs != nil && n < len(i.Recurs.Variants) {
			t = i.Recurs.Variants[n]
		}
		r := VariantResult{
			Name: v.Name, Weight: v.Weight, Delivered: t[actors.Delivered], Failed: t[actors.Failed], Unknown: t[actors.Unknown],
			Suppressed: t[actors.Suppressed], Expired: t[actors.Expired], Cancelled: t[actors.Cancelled], Pending: t[actors.Pending],
		}
		for _, count := range t {
			r.Recipients += count
		}
		out = append(out, r)
	}
	return out
}
