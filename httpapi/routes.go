package httpapi

import (
	"net/http"

	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/whatsapp"
)

// routes is the whole API on one page: method, path, who may call, handler. A path under /routes answers under /api too.
func (a *API) routes() {
	// Platform and health.
	route(a, http.MethodGet, "/livez", identity.Public, a.livez)
	route(a, http.MethodGet, "/readyz", identity.Public, a.readyz)
	route(a, http.MethodGet, "/engine", identity.Public, a.engine)
	route(a, http.MethodGet, "/config.json", identity.Public, a.config)
	route(a, http.MethodGet, "/routes/manifest", identity.Public, a.manifest)
	route(a, http.MethodGet, "/routes/preflight", identity.Public, a.preflight)
	route(a, http.MethodGet, "/routes/api/v1/platform/preflight", identity.Public, a.preflight, hidden)
	route(a, http.MethodGet, "/routes/favicon.ico", identity.Public, a.icon)
	route(a, http.MethodGet, "/favicon.ico", identity.Public, a.icon, hidden)
	route(a, http.MethodGet, "/light.ico", identity.Public, a.icon, hidden)
	route(a, http.MethodGet, "/dark.ico", identity.Public, a.icon, hidden)

	// Identity and users.
	route(a, http.MethodPost, "/auth/sign-in", identity.Public, a.signIn, maxBody(maxAuthBody))
	route(a, http.MethodPost, "/auth/refresh", identity.Public, a.refresh, maxBody(maxAuthBody))
	route(a, http.MethodPost, "/auth/sign-out", identity.Public, a.signOut, maxBody(maxAuthBody), status(http.StatusNoContent))
	route(a, http.MethodPost, "/auth/password", identity.SignedIn, a.password, maxBody(maxAuthBody))
	route(a, http.MethodGet, "/auth/.well-known/jwks.json", identity.Public, a.keySet)
	route(a, http.MethodGet, "/routes/me/role", identity.SignedIn, a.meRole)
	route(a, http.MethodGet, "/routes/me/status", identity.SignedIn, a.meStatus)
	route(a, http.MethodGet, "/routes/api/v1/users/me/status", identity.SignedIn, a.meStatus, hidden)
	route(a, http.MethodGet, "/routes/check-super-admin", identity.SignedIn, a.checkSuperAdmin)
	route(a, http.MethodGet, "/routes/debug/jwt", identity.SignedIn, a.debugJWT)
	route(a, http.MethodGet, "/routes/debug/auth-status", identity.Public, a.debugAuthStatus)
	route(a, http.MethodGet, "/routes/tenants/{tenant_slug}/api-tokens", identity.Admin, a.tokenList)
	route(a, http.MethodPost, "/routes/tenants/{tenant_slug}/api-tokens", identity.Admin, a.tokenCreate, status(http.StatusCreated))
	route(a, http.MethodDelete, "/routes/tenants/{tenant_slug}/api-tokens/{id}", identity.Admin, a.tokenRevoke, status(http.StatusNoContent))

	// Tenants.
	route(a, http.MethodGet, "/routes/tenants", identity.SuperAdmin, a.tenantList)
	route(a, http.MethodPost, "/routes/tenants", identity.SuperAdmin, a.tenantCreate, idempotent, status(http.StatusCreated))
	route(a, http.MethodGet, "/routes/tenants/{tenant_slug}", identity.SuperAdmin.Or(identity.Member), a.tenantGet)
	route(a, http.MethodPut, "/routes/tenants/{tenant_slug}", identity.SuperAdmin, a.tenantUpdate)
	route(a, http.MethodDelete, "/routes/tenants/{tenant_slug}", identity.SuperAdmin, a.tenantDelete, freshSignIn)
	route(a, http.MethodGet, "/routes/tenants/{tenant_slug}/policies", identity.SuperAdmin.Or(identity.Member), a.policiesGet)
	route(a, http.MethodPut, "/routes/tenants/{tenant_slug}/policies", identity.SuperAdmin.Or(identity.Admin), a.policiesPut)
	route(a, http.MethodPost, "/routes/api/v1/admin/tenants/provision", identity.SuperAdmin, a.tenantProvision)
	route(a, http.MethodPost, "/routes/suspend", identity.SuperAdmin, a.act(tenant.Suspend), freshSignIn)
	route(a, http.MethodPost, "/routes/reactivate", identity.SuperAdmin, a.act(tenant.Reactivate))
	route(a, http.MethodPost, "/routes/soft-delete", identity.SuperAdmin, a.act(tenant.SoftDelete), freshSignIn)
	route(a, http.MethodPost, "/routes/restore", identity.SuperAdmin, a.act(tenant.Restore))
	route(a, http.MethodPost, "/routes/hard-delete", identity.SuperAdmin, a.hardDelete, freshSignIn)
	route(a, http.MethodGet, "/routes/status/{id}", identity.SuperAdmin, a.tenantStatus)
	route(a, http.MethodGet, "/routes/status/{id}/erasure-report", identity.SuperAdmin, a.erasureReport)
	route(a, http.MethodGet, "/routes/resolve-tenant", identity.Public, a.resolveTenant)
	route(a, http.MethodPost, "/routes/resolve-tenant", identity.Public, a.resolveTenantByAny)

	// WhatsApp engine.
	work := identity.Service(identity.ScopeQueueWork)
	route(a, http.MethodPost, "/webhook/infobip/{channel_id}", identity.Public, a.webhookInfobip, maxBody(whatsapp.MaxWebhookBody), rawBody)
	route(a, http.MethodPost, "/webhook/inbound", identity.Service(identity.ScopeConversationsWrite), a.webhookInbound, idempotent, takenWhenSuspended, status(http.StatusAccepted))
	route(a, http.MethodPost, "/messages/send", identity.Member.Or(identity.Service(identity.ScopeMessagesSend)), a.messageSend, idempotent, status(http.StatusAccepted))
	route(a, http.MethodGet, "/queue/next-job", work, a.queueNext)
	route(a, http.MethodGet, "/queue/job/{job_id}", work, a.queueJob)
	route(a, http.MethodPost, "/queue/job/{job_id}/complete", work, a.queueComplete)
	route(a, http.MethodPost, "/queue/job/{job_id}/fail", work, a.queueFail)
	route(a, http.MethodPost, "/queue/job/{job_id}/extend", work, a.queueExtend)
	route(a, http.MethodGet, "/routes/tenants/{tenant_id}/channels", identity.Admin, a.channelList)
	route(a, http.MethodPost, "/routes/tenants/{tenant_id}/channels", identity.Admin, a.channelCreate, status(http.StatusCreated))
	route(a, http.MethodGet, "/routes/tenants/{tenant_id}/channels/{id}", identity.Admin, a.channelGet)
	route(a, http.MethodPatch, "/routes/tenants/{tenant_id}/channels/{id}", identity.Admin, a.channelUpdate)
	route(a, http.MethodDelete, "/routes/tenants/{tenant_id}/channels/{id}", identity.Admin, a.channelDelete, status(http.StatusNoContent))
	route(a, http.MethodPost, "/routes/tenants/{tenant_id}/channels/{id}/test", identity.Admin, a.channelTest)
	route(a, http.MethodGet, "/routes/tenants/{tenant_id}/channels/{id}/errors", identity.Admin, a.channelErrors)

	// Conversations.
	route(a, http.MethodPost, "/routes/api/v1/conversations/ingest", identity.Service(identity.ScopeConversationsWrite), a.conversationIngest, idempotent)
	route(a, http.MethodGet, "/routes/api/v1/conversations/health", identity.Public, a.conversationHealth)
	readConversations := identity.Member.Or(identity.Service(identity.ScopeConversationsRead))
	route(a, http.MethodGet, "/routes/conversations", readConversations, a.conversationList)
	route(a, http.MethodGet, "/routes/conversations/{id}", readConversations, a.conversationGet)
	route(a, http.MethodGet, "/routes/conversations/{id}/messages", readConversations, a.conversationMessages)
	route(a, http.MethodPost, "/routes/conversations/{id}/reply", identity.Member, a.conversationReply, idempotent, status(http.StatusAccepted))
	route(a, http.MethodPost, "/routes/conversations/{id}/assign", identity.Member, a.conversationAssign)
	route(a, http.MethodPost, "/routes/conversations/{id}/handover", identity.Member, a.conversationHandover)
	route(a, http.MethodPost, "/routes/conversations/{id}/resume", identity.Member, a.conversationResume)
	route(a, http.MethodPost, "/routes/conversations/{id}/close", identity.Member, a.conversationClose)
	route(a, http.MethodGet, "/routes/events", identity.Member, a.events)

	// Business Brain.
	readKnowledge := identity.Service(identity.ScopeKnowledgeRead)
	writeKnowledge := identity.Admin.Or(identity.Service(identity.ScopeKnowledgeWrite))
	tools := identity.Member.Or(identity.Service(identity.ScopeToolsUse))
	route(a, http.MethodGet, "/routes/knowledge/health", identity.Public, a.knowledgeHealth)
	route(a, http.MethodGet, "/routes/health", identity.Public, a.knowledgeHealth, hidden)
	route(a, http.MethodGet, "/routes/knowledge/{tenant_slug}/index", identity.Member.Or(readKnowledge), a.knowledgeList)
	route(a, http.MethodPost, "/routes/knowledge/{tenant_slug}/index", writeKnowledge, a.knowledgeUpsert, idempotent, maxBody(8<<20), status(http.StatusAccepted))
	route(a, http.MethodPost, "/routes/knowledge/{tenant_slug}/files", writeKnowledge, a.knowledgeFile, idempotent, maxBody(maxUpload), status(http.StatusAccepted))
	route(a, http.MethodPost, "/routes/knowledge/{tenant_slug}/urls", writeKnowledge, a.knowledgeURL, idempotent, status(http.StatusAccepted))
	route(a, http.MethodGet, "/routes/knowledge/{tenant_slug}/items/{id}", identity.Admin.Or(readKnowledge), a.knowledgeItem)
	route(a, http.MethodDelete, "/routes/knowledge/{tenant_slug}/items/{id}", writeKnowledge, a.knowledgeDelete, status(http.StatusNoContent))
	route(a, http.MethodPost, "/routes/knowledge/{tenant_slug}/items/{id}/reindex", writeKnowledge, a.knowledgeReindex, idempotent, status(http.StatusAccepted))
	route(a, http.MethodGet, "/routes/knowledge/{tenant_slug}/items/{id}/chunks", identity.Admin.Or(readKnowledge), a.knowledgeChunks)
	route(a, http.MethodGet, "/routes/knowledge/{tenant_slug}/items/{id}/versions", identity.Admin.Or(readKnowledge), a.knowledgeVersions)
	route(a, http.MethodPost, "/routes/knowledge/{tenant_slug}/search", identity.Member.Or(readKnowledge), a.knowledgeSearch)
	route(a, http.MethodPost, "/routes/add-paste", identity.Admin, a.addPaste, idempotent, maxBody(8<<20))
	route(a, http.MethodPost, "/routes/context/add-paste", identity.Admin, a.addPaste, idempotent, maxBody(8<<20), hidden)
	route(a, http.MethodPost, "/routes/tools/convert/file-to-md", tools, a.convertFile, maxBody(maxUpload))
	route(a, http.MethodPost, "/routes/tools/convert/url-to-md", tools, a.convertURL)
	route(a, http.MethodPost, "/routes/tools/embed/knowledge", tools, a.embedKnowledge)
	route(a, http.MethodPost, "/routes/tools/prepare/context", tools, a.prepareContext, maxBody(maxToolBody))
	route(a, http.MethodPost, "/routes/tools/generate/answer", tools, a.generateAnswer, maxBody(maxToolBody))
	route(a, http.MethodPost, "/routes/tools/synthesis", tools, a.synthesis, maxBody(maxToolBody))
	a.describeUploads()
}
