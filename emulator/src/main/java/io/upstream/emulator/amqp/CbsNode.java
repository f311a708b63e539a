// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.Ending;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.AmqpValue;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.transport.AmqpError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;
import org.apache.qpid.proton.codec.WritableBuffer;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/**
 * The node {@code $cbs} of one connection: put-token requests come in on one link, replies leave by another. Whom a token speaks for
 * is read from the token itself, the request's {@code name} only has to be there.
 */
final class CbsNode {
    private static final int CREDIT = 100;
    private static final int MAX_REQUEST_BYTES = 64 * 1024;
    /** As many as can be asked for without credit for the replies. */
    private static final int MAX_WAITING_REPLIES = 2 * CREDIT;

    private final AmqpConnection connection;
    private final Claims claims;
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private @Nullable Requests requests;
    private @Nullable Replies replies;
    private int lastTag;

    CbsNode(AmqpConnection connection, Claims claims) {
        this.connection = connection;
        this.claims = claims;
    }

    HubLink requests(Receiver receiver) {
        return new Requests(receiver);
    }

    HubLink replies(Sender sender) {
        return new Replies(sender);
    }

    private void answer(byte[] request) {
        Message message = Proton.message();
        try {
            message.decode(request, 0, request.length);
        } catch (RuntimeException e) { // whatever the decoder trips over
            reply(null, HubError.MALFORMED.httpStatus(), "the request is not an AMQP message");
            return;
        }
        try {
            Hub.Grant grant = connection.hub().readToken(tokenOf(message));
            Ending fault = connection.hub().ending(grant.identity());
            if (fault != null && connection.endings().again(fault)) {
                return;
            }
            if (claims.put(grant.identity(), grant.expiry())) {
                reply(message.getMessageId(), 200, "OK");
            } else {
                reply(
                        message.getMessageId(),
                        403,
                        "this connection holds tokens for " + Claims.MAX_IDENTITIES + " identities already");
            }
        } catch (HubException e) {
            reply(message.getMessageId(), e.error().httpStatus(), String.valueOf(e.getMessage()));
        }
    }

    /** Detaches the link of that name, if it is there. */
    void fail(Ending what, ErrorCondition condition) {
        HubLink link = what == Ending.CBS_REQUEST_LINK ? requests : replies;
        if (link != null) {
            link.fail(condition);
        }
    }

    private static String tokenOf(Message request) throws HubException {
        Map<String, Object> properties = request.getApplicationProperties() == null
                ? Map.of()
                : request.getApplicationProperties().getValue();
        if (!"put-token".equals(properties.get("operation"))) {
            throw new HubException(HubError.MALFORMED, "the operation must be put-token");
        }
        if (!"servicebus.windows.net:sastoken".equals(properties.get("type"))) {
            throw new HubException(HubError.MALFORMED, "the type must be servicebus.windows.net:sastoken");
        }
        if (!(properties.get("name") instanceof String)) {
            throw new HubException(HubError.MALFORMED, "the name, the token's audience, is missing");
        }
        if (request.getBody() instanceof AmqpValue body && body.getValue() instanceof String token) {
            return token;
        }
        throw new HubException(HubError.MALFORMED, "the body must be an AMQP value with the token as a string");
    }

    /** @param correlationId the request's message id, given back in its own type */
    private void reply(@Nullable Object correlationId, int status, String description) {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("status-code", status);
        properties.put("status-description", description);
        Message reply = Proton.message();
        reply.setCorrelationId(correlationId);
        reply.setApplicationProperties(new ApplicationProperties(properties));
        WritableBuffer.ByteBufferWrapper encoded =
                WritableBuffer.ByteBufferWrapper.allocate(8 * 1024 + 4 * description.length());
        reply.encode(encoded);
        byte[] bytes = new byte[encoded.position()];
        encoded.byteBuffer().flip().get(bytes);
        waiting.add(bytes);
        sendWaiting();
    }

    private void sendWaiting() {
        Replies link = replies;
        if (link == null || !link.attached()) {
            return;
        }
        Sender sender = (Sender) link.link;
        while (sender.getCredit() != 0 && !waiting.isEmpty()) {
            byte[] bytes = waiting.remove();
            // The hub's tags are a counter in little-endian order.
            sender.delivery(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(++lastTag)
                    .array());
            sender.send(bytes, 0, bytes.length);
            sender.advance();
        }
    }

    private final class Requests extends HubLink {
        private final Receiver receiver;
        private final ReceivingCredit credit;

        Requests(Receiver receiver) {
            super(receiver);
            requests = this;
            this.receiver = receiver;
            credit = new ReceivingCredit(receiver, CREDIT);
            credit.open();
        }

        @Override
        void onDelivery(Delivery updated) {
            if (updated != receiver.current() && updated.remotelySettled()) {
                updated.settle();
            }
            for (Delivery each = receiver.current(); each != null && attached(); each = receiver.current()) {
                if (each.pending() > MAX_REQUEST_BYTES) {
                    fail(new ErrorCondition(
                            LinkError.MESSAGE_SIZE_EXCEEDED,
                            "a token request is longer than " + MAX_REQUEST_BYTES + " bytes"));
                    return;
                }
                if (each.isPartial() && !each.isAborted()) {
                    return;
                }
                take(each);
            }
        }

        private void take(Delivery delivery) {
            if (!credit.use()) {
                fail(new ErrorCondition(LinkError.TRANSFER_LIMIT_EXCEEDED, "a transfer was sent without credit"));
                return;
            }
            byte[] request = new byte[delivery.pending()];
            receiver.recv(request, 0, request.length);
            receiver.advance();
            boolean aborted = delivery.isAborted();
            delivery.disposition(Accepted.getInstance());
            delivery.settle();
            connection.afterDispatch(() -> {
                if (attached()) {
                    credit.topUp();
                }
            });
            if (aborted) {
                return;
            }
            if (waiting.size() >= MAX_WAITING_REPLIES) {
                fail(new ErrorCondition(AmqpError.RESOURCE_LIMIT_EXCEEDED, "too many replies wait for credit"));
                return;
            }
            answer(request);
        }

        @Override
        void onReleased() {
            if (requests == this) {
                requests = null;
            }
        }
    }

    private final class Replies extends HubLink {
        Replies(Sender sender) {
            super(sender);
            replies = this;
        }

        @Override
        void onDelivery(Delivery delivery) {
            if (delivery.remotelySettled() || delivery.getRemoteState() != null) {
                delivery.settle();
            }
        }

        @Override
        void onFlow() {
            sendWaiting();
        }

        @Override
        void onReleased() {
            if (replies == this) {
                replies = null;
            }
        }
    }
}
