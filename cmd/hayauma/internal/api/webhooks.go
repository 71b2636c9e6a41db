package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/webhook"
	"hayauma.example/engine"
)

type (
	webhookInput struct{ Body NewWebhook }
	webhookPath  struct {
		Name string `path:"name"`
	}
	webhookOutput struct{ Body Webhook }
	webhooksOut   struct{ Body WebhookList }
	webhookTested struct{ Body WebhookTest }
)

const maxWebhooks = 256

func (s *server) registerWebhooks() {
	operation := func(id, method, path, summary string, status int, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status,
			Errors: append(errs, 401, 503), Tags: []string{"webhooks"}}
	}
	add := operation("add-webhook", http.MethodPost, "/v1/webhooks", "Add or change a webhook", 200, 409, 422, 507)
	add.Description = fmt.Sprintf("A new one is told of what happens from now on. Adding ends a pause, and what happened meanwhile is delivered then. "+
		"One more than %d is refused with 409.", maxWebhooks)
	huma.Register(s.api, add, s.addWebhook)
	huma.Register(s.api, operation("list-webhooks", http.MethodGet, "/v1/webhooks", "List webhooks", 200), s.listWebhooks)
	huma.Register(s.api, operation("show-webhook", http.MethodGet, "/v1/webhooks/{name}", "Show a webhook", 200, 404), s.showWebhook)
	huma.Register(s.api, operation("remove-webhook", http.MethodDelete, "/v1/webhooks/{name}", "Remove a webhook, with what was not delivered", 204, 404),
		s.removeWebhook)
	huma.Register(s.api, operation("test-webhook", http.MethodPost, "/v1/webhooks/{name}/test", "Make a test delivery", 200, 404), s.testWebhook)
}

func (s *server) webhook(name string) (engine.Ref[actors.WebhookMsg], error) {
	if !channelName.MatchString(name) {
		return engine.Ref[actors.WebhookMsg]{}, notFound("webhook", name, "")
	}
	return actors.Webhooks.Ref(s.System, name), nil
}

func (s *server) addWebhook(ctx context.Context, in *webhookInput) (*webhookOutput, error) {
	n := in.Body
	if err := n.check(); err != nil {
		return nil, s.refusal(err)
	}
	if err := s.mayAdd(ctx, n); err != nil {
		return nil, s.refusal(err)
	}
	settings := actors.WebhookSettings{Name: n.Name, URL: n.URL, Events: n.Events, Channel: n.Channel, SecretEnv: n.SecretEnv}
	info, err := ask[actors.WebhookInfo](ctx, s, actors.Webhooks.Ref(s.System, n.Name), actors.WebhookMsg(actors.AddWebhook{Settings: settings}))
	if err != nil {
		return nil, err
	}
	return &webhookOutput{webhookOf(info)}, nil
}

// mayAdd refuses a webhook of a channel that there is not, and one too many, since each reads the store for itself. Of those that are added at
// once a few more may come in.
func (s *server) mayAdd(ctx context.Context, n NewWebhook) error {
	if n.Channel != "" {
		_, err := s.describeChannel(ctx, n.Channel)
		if isNotFound(err) {
			return webhookRefused(http.StatusUnprocessableEntity, "unknown channel %q: take one of hayauma channel list, or add it first", n.Channel)
		}
		if err != nil {
			return err
		}
	}
	if _, err := s.askWebhook(ctx, n.Name); !isNotFound(err) {
		return err
	}
	all, err := s.listWebhooks(ctx, nil)
	if err == nil && len(all.Body.Webhooks) >= maxWebhooks {
		err = webhookRefused(http.StatusConflict, "there are %d webhooks, which is as many as there may be: remove one with hayauma webhook remove NAME", maxWebhooks)
	}
	return err
}

func webhookRefused(status int, format string, args ...any) error {
	return actors.Problem{Status: status, Title: "webhook refused", Detail: fmt.Sprintf(format, args...)}
}

// check refuses what is too long to be asked about.
func (n NewWebhook) check() error {
	refused := func(format string, args ...any) error {
		return webhookRefused(http.StatusUnprocessableEntity, format, args...)
	}
	switch {
	case !channelName.MatchString(n.Name):
		return refused("name %q is not a webhook's: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit", excerpt(n.Name))
	case len(n.URL) > maxEndpoint:
		return refused("url is longer than %d bytes", maxEndpoint)
	case len(n.SecretEnv) > maxTokenEnv:
		return refused("secret_env is longer than %d bytes: it is the name of a variable, not the secret itself", maxTokenEnv)
	case n.Channel != "" && !channelName.MatchString(n.Channel):
		return refused("channel %q is no channel's name", excerpt(n.Channel))
	}
	for _, e := range n.Events {
		if !slices.Contains(webhook.Types, e) {
			return refused("%q is no event: there are %s", excerpt(e), strings.Join(webhook.Types, ", "))
		}
	}
	if len(n.Events) > len(webhook.Types) {
		return refused("an event is named twice")
	}
	return nil
}

func (s *server) askWebhook(ctx context.Context, name string) (Webhook, error) {
	ref, err := s.webhook(name)
	if err != nil {
		return Webhook{}, err
	}
	info, err := ask[actors.WebhookInfo](ctx, s, ref, actors.WebhookMsg(actors.DescribeWebhook{}))
	return webhookOf(info), err
}

func (s *server) showWebhook(ctx context.Context, in *webhookPath) (*webhookOutput, error) {
	w, err := s.askWebhook(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	return &webhookOutput{w}, nil
}

func (s *server) removeWebhook(ctx context.Context, in *webhookPath) (*struct{}, error) {
	ref, err := s.webhook(in.Name)
	if err != nil {
		return nil, err
	}
	if _, err = ask[actors.Done](ctx, s, ref, actors.WebhookMsg(actors.RemoveWebhook{})); isNotFound(err) {
		return nil, notFound("webhook", in.Name, ": there is nothing to remove")
	}
	return nil, err
}

func (s *server) testWebhook(ctx context.Context, in *webhookPath) (*webhookTested, error) {
	ref, err := s.webhook(in.Name)
	if err != nil {
		return nil, err
	}
	t, err := ask[actors.WebhookTested](ctx, s, ref, actors.WebhookMsg(actors.TestWebhook{}))
	if err != nil {
		return nil, err
	}
	return &webhookTested{WebhookTest{ID: t.ID, Delivered: t.Error == "", Status: t.Status, Error: t.Error, Took: t.Took.Milliseconds()}}, nil
}

func (s *server) listWebhooks(ctx context.Context, _ *struct{}) (*webhooksOut, error) {
	out := &webhooksOut{WebhookList{Webhooks: []Webhook{}}}
	for id, err := range s.Store.Grains(ctx, actors.RoleWebhook, actors.Webhooks.Name()) {
		if err != nil {
			return nil, s.refusal(err)
		}
		w, err := s.askWebhook(ctx, id)
		switch {
		case isNotFound(err): // removed; its journal remembers
		case err != nil:
			return nil, err
		default:
			out.Body.Webhooks = append(out.Body.Webhooks, w)
		}
	}
	slices.SortFunc(out.Body.Webhooks, func(a, b Webhook) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}
