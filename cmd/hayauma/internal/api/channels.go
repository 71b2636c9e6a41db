package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Bounds in bytes of a channel's settings.
const (
	maxEndpoint = 2048
	maxTokenEnv = 255
)

var channelName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

type (
	channelInput struct{ Body NewChannel }
	channelPath  struct {
		Name string `path:"name"`
	}
	channelOutput struct{ Body Channel }
	channelsOut   struct{ Body ChannelList }
)

func (s *server) registerChannels() {
	operation := func(id, method, path, summary string, status int, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status,
			Errors: append(errs, 401, 503), Tags: []string{"channels"}}
	}
	huma.Register(s.api, operation("add-channel", http.MethodPost, "/v1/channels", "Add or change a channel", 200, 422, 507), s.addChannel)
	huma.Register(s.api, operation("list-channels", http.MethodGet, "/v1/channels", "List channels", 200), s.listChannels)
	huma.Register(s.api, operation("show-channel", http.MethodGet, "/v1/channels/{name}", "Show a channel", 200, 404), s.showChannel)
	huma.Register(s.api, operation("remove-channel", http.MethodDelete, "/v1/channels/{name}", "Remove a channel that no unfinished campaign and no message uses", 204, 404, 409),
		s.removeChannel)
	huma.Register(s.api, operation("resume-channel", http.MethodPost, "/v1/channels/{name}/resume", "End a channel's pause", 200, 404), s.resumeChannel)
}

func (s *server) channel(name string) (engine.Ref[actors.ChannelMsg], error) {
	if !channelName.MatchString(name) {
		return engine.Ref[actors.ChannelMsg]{}, notFound("channel", name, "")
	}
	return actors.Channels.Ref(s.System, name), nil
}

func (s *server) addChannel(ctx context.Context, in *channelInput) (*channelOutput, error) {
	if err := in.Body.check(); err != nil {
		return nil, s.refusal(err)
	}
	info, err := ask[actors.ChannelInfo](ctx, s, actors.Channels.Ref(s.System, in.Body.Name), actors.ChannelMsg(actors.Configure{Settings: in.Body.settings()}))
	if err != nil {
		return nil, err
	}
	return &channelOutput{channelOf(info)}, nil
}

// check refuses what is too long to be asked about.
func (n NewChannel) check() error {
	switch {
	case !channelName.MatchString(n.Name):
		return channelRefused("name %q is not a channel's: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit", excerpt(n.Name))
	case len(n.Endpoint) > maxEndpoint:
		return channelRefused("endpoint is longer than %d bytes", maxEndpoint)
	case len(n.TokenEnv) > maxTokenEnv:
		return channelRefused("token_env is longer than %d bytes: it is the name of a variable, not the token itself", maxTokenEnv)
	}
	return nil
}

func channelRefused(format string, args ...any) error {
	return actors.Problem{Status: http.StatusUnprocessableEntity, Title: "channel refused", Detail: fmt.Sprintf(format, args...)}
}

func (s *server) askChannel(ctx context.Context, name string, m actors.ChannelMsg) (*channelOutput, error) {
	ref, err := s.channel(name)
	if err != nil {
		return nil, err
	}
	info, err := ask[actors.ChannelInfo](ctx, s, ref, m)
	if err != nil {
		return nil, err
	}
	return &channelOutput{channelOf(info)}, nil
}

func (s *server) showChannel(ctx context.Context, in *channelPath) (*channelOutput, error) {
	return s.askChannel(ctx, in.Name, actors.DescribeChannel{})
}

func (s *server) resumeChannel(ctx context.Context, in *channelPath) (*channelOutput, error) {
	return s.askChannel(ctx, in.Name, actors.ResumeChannel{})
}

func (s *server) removeChannel(ctx context.Context, in *channelPath) (*struct{}, error) {
	ref, err := s.channel(in.Name)
	if err != nil {
		return nil, err
	}
	if err := s.noMessages(ctx, in.Name); err != nil {
		return nil, err
	}
	if _, err = ask[actors.Done](ctx, s, ref, actors.ChannelMsg(actors.RemoveChannel{})); isNotFound(err) {
		return nil, notFound("channel", in.Name, ": there is nothing to remove")
	}
	return nil, err
}

func (s *server) listChannels(ctx context.Context, _ *struct{}) (*channelsOut, error) {
	out := &channelsOut{ChannelList{Channels: []Channel{}}}
	for id, err := range s.Store.Grains(ctx, actors.RolePoster, actors.Channels.Name()) {
		if err != nil {
			return nil, s.refusal(err)
		}
		ch, err := s.askChannel(ctx, id, actors.DescribeChannel{})
		switch {
		case isNotFound(err): // removed; its journal remembers
		case err != nil:
			return nil, err
		default:
			out.Body.Channels = append(out.Body.Channels, ch.Body)
		}
	}
	slices.SortFunc(out.Body.Channels, func(a, b Channel) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

func isNotFound(err error) bool {
	var status huma.StatusError
	return errors.As(err, &status) && status.GetStatus() == http.StatusNotFound
}
