// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.provisioning.Admission;
import io.upstream.emulator.provisioning.Provisioning;
import io.upstream.emulator.provisioning.ProvisioningAnswer;
import io.upstream.emulator.provisioning.ProvisioningError;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.provisioning.RegistrationAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.transport.AmqpError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/**
 * The provisioning service at one connection: requests come in on one link, answers leave by another, both at the address of the
 * registration. A device is known by its SASL PLAIN token, or by its client certificate. Confined to the event loop.
 */
final class ProvisioningNode {
    private static final Symbol RETRY_AFTER = Symbol.valueOf("retry-after");
    private static final int MAX_WAITING_REPLIES = 100;

    private final AmqpConnection connection;
    private final Provisioning provisioning;
    private final Supplier<X509Certificate[]> certificates;
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private @Nullable Admission byToken;
    private @Nullable ProvisioningReplies replies;

    ProvisioningNode(AmqpConnection connection, Provisioning provisioning, Supplier<X509Certificate[]> certificates) {
        this.connection = connection;
        this.provisioning = provisioning;
        this.certificates = certificates;
    }

    /** Whether a PLAIN token proves the registration. */
    boolean admit(RegistrationAddress address, String token) {
        try {
            byToken = provisioning.admit(address, token);
            return true;
        } catch (ProvisioningException e) {
            return false;
        }
    }

    /** Answers an attach; null if it was refused. */
    @Nullable
    HubLink attach(Link link, RegistrationAddress address) {
        try {
            Admission admission = admission(address);
            LinkAttach.open(link, LinkAttach.MAX_MESSAGE_SIZE);
            if (link instanceof Receiver receiver) {
                return new ProvisioningRequests(connection, receiver, request -> take(admission, request));
            }
            replies = new ProvisioningReplies(this, (Sender) link);
            return replies;
        } catch (ProvisioningException e) {
            LinkAttach.refuse(link, condition(e));
            return null;
        }
    }

    private Admission admission(RegistrationAddress address) throws ProvisioningException {
        Admission proved = byToken;
        if (proved == null) {
            return provisioning.admit(address, certificates.get());
        }
        if (!proved.registrationId().equalsIgnoreCase(address.registrationId())) {
            throw new ProvisioningException(
                    ProvisioningError.UNAUTHORIZED, "the token of this connection is not for " + address);
        }
        return proved;
    }

    /** @return why not, null if it was taken */
    private @Nullable ErrorCondition take(Admission admission, byte[] payload) {
        if (waiting.size() >= MAX_WAITING_REPLIES) {
            return new ErrorCondition(AmqpError.RESOURCE_LIMIT_EXCEEDED, "too many replies wait for credit");
        }
        try {
            Message request = decode(payload);
            waiting.add(reply(answer(admission, request), request.getCorrelationId()));
            connection.afterDispatch(this::flush);
            return null;
        } catch (ProvisioningException e) {
            return condition(e);
        }
    }

    private static Message decode(byte[] payload) throws ProvisioningException {
        Message message = Proton.message();
        try {
            message.decode(payload, 0, payload.length);
            return message;
        } catch (RuntimeException | StackOverflowError e) { // whatever the decoder trips over
            throw new ProvisioningException(ProvisioningError.MALFORMED, "the payload is not an AMQP message");
        }
    }

    private ProvisioningAnswer answer(Admission admission, Message request) throws ProvisioningException {
        Map<String, Object> properties = request.getApplicationProperties() == null
                ? Map.of()
                : request.getApplicationProperties().getValue();
        return switch (String.valueOf(properties.get("iotdps-operation-type"))) {
            case "iotdps-register" -> provisioning.register(admission, body(request));
            case "iotdps-get-operationstatus" ->
                provisioning.operation(admission, String.valueOf(properties.get("iotdps-operation-id")));
            case "iotdps-get-registration" -> provisioning.lookUp(admission);
            default ->
                throw new ProvisioningException(
                        ProvisioningError.MALFORMED, "the service knows no such iotdps-operation-type");
        };
    }

    private static byte[] body(Message request) throws ProvisioningException {
        try {
            return PairMessages.body(request);
        } catch (HubException e) {
            throw new ProvisioningException(ProvisioningError.MALFORMED, String.valueOf(e.getMessage()));
        }
    }

    private static byte[] reply(ProvisioningAnswer answer, @Nullable Object correlationId) {
        Message reply = Proton.message();
        if (correlationId != null) {
            reply.setCorrelationId(correlationId);
        }
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("status-code", answer.status());
        Duration retryAfter = answer.retryAfter();
        if (retryAfter != null) {
            properties.put(RETRY_AFTER.toString(), (int) retryAfter.toSeconds());
        }
        reply.setApplicationProperties(new ApplicationProperties(properties));
        reply.setContentType("application/json; charset=utf-8");
        return PairMessages.encode(reply, answer.json());
    }

    void flush() {
        ProvisioningReplies link = replies;
        while (link != null && link.hasCredit() && !waiting.isEmpty()) {
            link.send(waiting.remove());
        }
    }

    void detached(ProvisioningReplies link) {
        if (replies == link) {
            replies = null;
            waiting.clear();
        }
    }

    private static ErrorCondition condition(ProvisioningException refusal) {
        ProvisioningAnswer answer = refusal.answer();
        ErrorCondition condition =
                new ErrorCondition(symbol(refusal.error()), new String(answer.json(), StandardCharsets.UTF_8));
        Duration retryAfter = answer.retryAfter();
        if (retryAfter != null) {
            condition.setInfo(Map.of(RETRY_AFTER, (int) retryAfter.toSeconds()));
        }
        return condition;
    }

    private static Symbol symbol(ProvisioningError error) {
        return switch (error) {
            case MALFORMED, MEDIA_TYPE -> AmqpErrors.ARGUMENT_ERROR;
            case UNAUTHORIZED -> AmqpError.UNAUTHORIZED_ACCESS;
            case QUOTA_EXCEEDED -> AmqpError.RESOURCE_LIMIT_EXCEEDED;
            case ENROLMENT_NOT_FOUND, REGISTRATION_NOT_FOUND -> AmqpError.NOT_FOUND;
            case METHOD_NOT_ALLOWED, ENROLMENT_EXISTS -> AmqpError.NOT_ALLOWED;
            case PRECONDITION_FAILED -> AmqpError.PRECONDITION_FAILED;
            case THROTTLED -> AmqpErrors.THROTTLED;
            case INTERNAL -> AmqpError.INTERNAL_ERROR;
        };
    }
}
