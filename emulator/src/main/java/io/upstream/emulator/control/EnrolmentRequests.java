// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.Precondition;
import io.upstream.emulator.provisioning.Enrolment;
import io.upstream.emulator.provisioning.ProvisioningAnswer;
import io.upstream.emulator.provisioning.ProvisioningError;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.provisioning.Registration;
import io.upstream.emulator.provisioning.RegistrationJson;
import io.upstream.emulator.provisioning.StoredEnrolment;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Enrolments and registrations, in the shape of the provisioning service's REST API; its errors have a form of their own. */
final class EnrolmentRequests {
    private final ProvisioningService service;

    EnrolmentRequests(ProvisioningService service) {
        this.service = service;
    }

    /** Answers a request, which it borrows; gives {@code null} for a path that is not one of these. */
    @Nullable
    FullHttpResponse answer(HttpMethod method, Route route, FullHttpRequest request) {
        List<String> path = route.segments();
        Enrolment.Kind kind = switch (path.get(0).toLowerCase(Locale.ROOT)) {
            case "enrollments" -> Enrolment.Kind.DEVICE;
            case "enrollmentgroups" -> Enrolment.Kind.GROUP;
            default -> null;
        };
        try {
            if (kind != null && route.is("*", "query")) {
                return method.equals(HttpMethod.POST) ? list(kind) : notAllowed("POST");
            }
            if (kind != null && route.is("*", "*")) {
                return one(method, kind, path.get(1), request);
            }
            if (route.is("registrations", "*")) {
                return registration(method, path.get(1));
            }
            if (route.is("registrations", "*", "query")) {
                return method.equals(HttpMethod.POST) ? registrations(path.get(1)) : notAllowed("POST");
            }
            return null;
        } catch (ProvisioningException e) {
            return refused(e);
        }
    }

    private FullHttpResponse one(HttpMethod method, Enrolment.Kind kind, String id, FullHttpRequest request)
            throws ProvisioningException {
        if (method.equals(HttpMethod.PUT)) {
            Enrolment asked = EnrolmentJson.read(kind, id, body(request));
            return found(service.put(asked, IfMatch.of(request, Precondition.ABSENT)));
        }
        if (method.equals(HttpMethod.GET)) {
            return found(service.get(kind, id));
        }
        if (method.equals(HttpMethod.DELETE)) {
            service.remove(kind, id, IfMatch.of(request, Precondition.NONE));
            return Replies.noContent();
        }
        return notAllowed("PUT, GET, DELETE");
    }

    private static ObjectNode body(FullHttpRequest request) throws ProvisioningException {
        try {
            return Bodies.object(request.content());
        } catch (HubException e) {
            throw new ProvisioningException(ProvisioningError.MALFORMED, String.valueOf(e.getMessage()));
        }
    }

    private static FullHttpResponse found(StoredEnrolment stored) {
        FullHttpResponse response = Replies.json(HttpResponseStatus.OK, EnrolmentJson.write(stored));
        response.headers().set(HttpHeaderNames.ETAG, "\"" + stored.etag() + "\"");
        return response;
    }

    private FullHttpResponse list(Enrolment.Kind kind) {
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        service.enrolments(kind).forEach(each -> all.add(EnrolmentJson.write(each)));
        return Replies.json(HttpResponseStatus.OK, all);
    }

    private FullHttpResponse registration(HttpMethod method, String id) throws ProvisioningException {
        if (method.equals(HttpMethod.GET)) {
            Registration found = service.registration(id).orElseThrow(() -> unknown(id));
            return Replies.json(HttpResponseStatus.OK, RegistrationJson.state(found, null));
        }
        if (method.equals(HttpMethod.DELETE)) {
            if (!service.forget(id)) {
                throw unknown(id);
            }
            return Replies.noContent();
        }
        return notAllowed("GET, DELETE");
    }

    private static ProvisioningException unknown(String id) {
        return new ProvisioningException(ProvisioningError.REGISTRATION_NOT_FOUND, id + " has not registered");
    }

    private FullHttpResponse registrations(String group) {
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        for (Registration each : service.registrations()) {
            if (each.enrolmentGroup().equalsIgnoreCase(group)) {
                all.add(RegistrationJson.state(each, null));
            }
        }
        return Replies.json(HttpResponseStatus.OK, all);
    }

    private static FullHttpResponse notAllowed(String methods) {
        FullHttpResponse response = refused(new ProvisioningException(
                ProvisioningError.METHOD_NOT_ALLOWED, "this path takes " + methods + " only"));
        response.headers().set(HttpHeaderNames.ALLOW, methods);
        return response;
    }

    private static FullHttpResponse refused(ProvisioningException refusal) {
        ProvisioningAnswer answer = refusal.answer();
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(answer.status()),
                Unpooled.wrappedBuffer(answer.json()));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "application/json; charset=utf-8")
                .set(HttpHeaderNames.CONTENT_LENGTH, answer.json().length);
        return response;
    }
}
