// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.provisioning.ProvisioningService;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Leads requests to those who answer them. */
final class ControlRoutes {
    private static final int NOT_FOUND = 404_000;
    private static final int NOT_ALLOWED = 405_000;
    /** How clients get a PATCH through HTTP libraries that do not know it. */
    private static final String METHOD_OVERRIDE = "x-http-method-override";

    private final IdentityRequests identities;
    private final RegistryRequests registry;
    private final BulkRequests bulk;
    private final TwinRequests twins;
    private final QueryRequests queries;
    private final CloudMessageRequests messages;
    private final CertificateRequests certificates;
    private final FaultRequests faults;
    private final EnrolmentRequests enrolments;

    ControlRoutes(HubCore hub, ProvisioningService provisioning) {
        this.identities = new IdentityRequests(hub);
        this.registry = new RegistryRequests(hub);
        this.bulk = new BulkRequests(hub);
        this.twins = new TwinRequests(hub);
        this.queries = new QueryRequests(hub);
        this.messages = new CloudMessageRequests(hub);
        this.certificates = new CertificateRequests(hub.authorities());
        this.faults = new FaultRequests(hub);
        this.enrolments = new EnrolmentRequests(provisioning);
    }

    /** Whether telemetry is asked for, which is no single answer. */
    boolean isStream(FullHttpRequest request, Route route) {
        return route.is("telemetry") && request.method().equals(HttpMethod.GET);
    }

    /** Answers, or fails with a {@link HubException}. Borrows the request until this returns. */
    CompletionStage<FullHttpResponse> answer(FullHttpRequest request, Route route) throws HubException {
        HttpMethod method = method(request);
        HubIdentity called = route.called();
        if (called != null) {
            return method.equals(HttpMethod.POST)
                    ? twins.invoke(called, request.content())
                    : CompletableFuture.completedFuture(notAllowed("POST"));
        }
        return CompletableFuture.completedFuture(now(method, request, route));
    }

    private static HttpMethod method(FullHttpRequest request) {
        String override = request.headers().get(METHOD_OVERRIDE);
        boolean overridden = override != null && request.method().equals(HttpMethod.POST);
        return overridden ? HttpMethod.valueOf(override.strip()) : request.method();
    }

    private FullHttpResponse now(HttpMethod method, FullHttpRequest request, Route route) throws HubException {
        if (route.is("devices", "query") && method.equals(HttpMethod.POST)) {
            return queries.answer(request);
        }
        HubIdentity identity = route.identity("devices");
        if (identity != null) {
            return orNotAllowed(identities.answer(method, identity, request), "PUT, GET, DELETE");
        }
        HubIdentity twin = route.identity("twins");
        if (twin != null) {
            return orNotAllowed(twins.answer(method, twin, request), "GET, PATCH, PUT");
        }
        if (route.is("devices") && method.equals(HttpMethod.POST)) {
            return bulk.answer(request.content());
        }
        if (route.is("devices")) {
            return orNotAllowed(registry.devices(method, route), "GET, POST");
        }
        if (route.is("devices", "*", "modules")) {
            return orNotAllowed(registry.modules(method, route.segments().get(1)), "GET");
        }
        return orNotAllowed(others(method, request, route), "GET, POST");
    }

    private @Nullable FullHttpResponse others(HttpMethod method, FullHttpRequest request, Route route)
            throws HubException {
        if (route.is("devices", "*", "messages", "deviceBound")) {
            return method.equals(HttpMethod.POST)
                    ? messages.send(route.segments().get(1), request)
                    : notAllowed("POST");
        }
        if (route.is("devices", "*", "messages", "deviceBound", "*")) {
            return method.equals(HttpMethod.GET)
                    ? messages.outcome(route.segments().get(1), route.segments().get(4))
                    : notAllowed("GET");
        }
        if (route.is("statistics", "*")) {
            return registry.statistics(method, route.segments().get(1));
        }
        FullHttpResponse enrolment = enrolments.answer(method, route, request);
        if (enrolment != null) {
            return enrolment;
        }
        if (route.is("certificates")) {
            return orNotAllowed(certificates.list(method), "GET");
        }
        if (route.is("certificates", "*")) {
            return orNotAllowed(certificates.answer(method, route.segments().get(1), request), "PUT, GET, DELETE");
        }
        if (route.is("faults")) {
            return method.equals(HttpMethod.POST) ? faults.inject(request.content()) : notAllowed("POST");
        }
        HubIdentity spared = route.identity("faults");
        if (spared != null) {
            return method.equals(HttpMethod.DELETE) ? faults.end(spared) : notAllowed("DELETE");
        }
        return route.is("telemetry") ? notAllowed("GET") : nothing();
    }

    static FullHttpResponse nothing() {
        return Replies.error(HttpResponseStatus.NOT_FOUND, NOT_FOUND, "there is nothing at this path");
    }

    private static FullHttpResponse orNotAllowed(@Nullable FullHttpResponse response, String methods) {
        return response != null ? response : notAllowed(methods);
    }

    private static FullHttpResponse notAllowed(String methods) {
        FullHttpResponse response = Replies.error(
                HttpResponseStatus.METHOD_NOT_ALLOWED, NOT_ALLOWED, "this path takes " + methods + " only");
        response.headers().set("allow", methods);
        return response;
    }
}
