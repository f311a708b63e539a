// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.emulator.hub.DesiredChange;
import io.upstream.emulator.hub.ErrorReport;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.JsonText;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.messaging.MessageAnnotations;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/** The twin of one identity: what is asked for in annotations is answered with the request's correlation id. */
final class TwinDesk extends PairDesk {
    private static final Symbol OPERATION = Symbol.valueOf("operation");
    private static final Symbol RESOURCE = Symbol.valueOf("resource");
    private static final Symbol VERSION = Symbol.valueOf("version");
    private static final Symbol STATUS = Symbol.valueOf("status");
    private static final String REPORTED = "/properties/reported";
    private static final String NOTIFICATIONS = "/notifications/twin/properties/desired";
    private static final String DESIRED = "/properties/desired";
    private static final int OK = 200;
    private static final byte[] NOTHING = {};

    private Hub.@Nullable Presence notifications;

    TwinDesk(AmqpConnection connection, HubIdentity identity) {
        super(connection, identity);
    }

    @Override
    void onAttached() {}

    @Override
    void onDetached() {
        if (notifications != null) {
            notifications.close();
            notifications = null;
        }
    }

    @Override
    void take(byte[] payload) throws HubException {
        Message request = PairMessages.decode(payload);
        Object id = request.getCorrelationId();
        if (id == null) {
            throw new HubException(HubError.MALFORMED, "a twin request needs a correlation-id");
        }
        byte[] reply;
        try {
            reply = serve(request, id);
        } catch (HubException e) {
            JsonNode report = ErrorReport.of(e).json();
            reply = reply(id, e.error().httpStatus(), OptionalLong.empty(), JsonText.write(report));
        }
        send(reply);
    }

    private byte[] serve(Message request, Object id) throws HubException {
        Map<Symbol, Object> annotations = PairMessages.annotations(request);
        Object resource = annotations.get(RESOURCE);
        switch (String.valueOf(annotations.get(OPERATION))) {
            case "GET" -> {
                return reply(
                        id,
                        OK,
                        OptionalLong.empty(),
                        JsonText.write(connection.hub().deviceTwin(identity)));
            }
            case "PATCH" -> {
                require(resource, REPORTED);
                OptionalLong base = baseVersion(annotations.get(VERSION));
                long version = connection.hub().report(identity, JsonText.readObject(PairMessages.body(request)), base);
                return reply(id, OK, OptionalLong.of(version), NOTHING);
            }
            case "PUT" -> {
                require(resource, NOTIFICATIONS);
                listen();
            }
            case "DELETE" -> {
                require(resource, NOTIFICATIONS);
                onDetached();
            }
            default ->
                throw new HubException(HubError.MALFORMED, "the twin operation must be GET, PATCH, PUT or DELETE");
        }
        return reply(id, OK, OptionalLong.empty(), NOTHING);
    }

    private static void require(@Nullable Object resource, String expected) throws HubException {
        if (!expected.equals(resource)) {
            throw new HubException(HubError.MALFORMED, "the resource of this twin operation must be " + expected);
        }
    }

    /** Clients send any of AMQP's integers, or null. */
    private static OptionalLong baseVersion(@Nullable Object version) throws HubException {
        if (version == null) {
            return OptionalLong.empty();
        }
        if (version instanceof Number number && !(version instanceof Float || version instanceof Double)) {
            return OptionalLong.of(
                    number instanceof UnsignedInteger unsigned ? unsigned.longValue() : number.longValue());
        }
        throw new HubException(HubError.MALFORMED, "the version is not a number");
    }

    private void listen() {
        if (notifications == null) {
            notifications = connection
                    .hub()
                    .receiveDesiredChanges(identity, change -> connection.run(() -> tell(change)), whenReplaced());
        }
    }

    private void tell(DesiredChange change) {
        if (notifications != null) {
            Message message = Proton.message();
            Map<Symbol, Object> annotations = new LinkedHashMap<>();
            annotations.put(RESOURCE, DESIRED);
            annotations.put(VERSION, change.version());
            message.setMessageAnnotations(new MessageAnnotations(annotations));
            send(PairMessages.encode(message, JsonText.write(change.patch())));
        }
    }

    private static byte[] reply(Object id, int status, OptionalLong version, byte[] body) {
        Message reply = Proton.message();
        Map<Symbol, Object> annotations = new LinkedHashMap<>();
        annotations.put(STATUS, status);
        version.ifPresent(number -> annotations.put(VERSION, number));
        reply.setMessageAnnotations(new MessageAnnotations(annotations));
        reply.setCorrelationId(id);
        return PairMessages.encode(reply, body);
    }
}
