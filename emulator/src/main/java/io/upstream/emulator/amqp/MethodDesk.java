// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodRequest;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.UUID;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/** The direct methods of one identity, which is online for them while its receiving link is attached. */
final class MethodDesk extends PairDesk {
    private static final String METHOD_NAME = "IoThub-methodname";
    private static final String STATUS = "IoThub-status";
    private static final int UUID_BYTES = 16;

    private Hub.@Nullable Presence online;

    MethodDesk(AmqpConnection connection, HubIdentity identity) {
        super(connection, identity);
    }

    @Override
    void onAttached() {
        online = connection
                .hub()
                .receiveMethods(identity, request -> connection.run(() -> call(request)), whenReplaced());
    }

    @Override
    void onDetached() {
        if (online != null) {
            online.close();
            online = null;
        }
    }

    private void call(MethodRequest request) {
        if (online != null) {
            Message message = Proton.message();
            message.setCorrelationId(request.id());
            message.setApplicationProperties(new ApplicationProperties(Map.of(METHOD_NAME, request.name())));
            send(PairMessages.encodeWithBody(message, request.payload()));
        }
    }

    /** An answer that nobody waits for is accepted all the same. */
    @Override
    void take(byte[] payload) throws HubException {
        Message answer = PairMessages.decode(payload);
        Map<String, Object> properties = answer.getApplicationProperties() == null
                ? Map.of()
                : answer.getApplicationProperties().getValue();
        if (!(properties.get(STATUS) instanceof Number status)) {
            throw new HubException(HubError.MALFORMED, "a method's answer needs " + STATUS + ", a number");
        }
        connection
                .hub()
                .answerMethod(
                        identity,
                        uuid(answer.getCorrelationId()),
                        new MethodAnswer(status.intValue(), PairMessages.body(answer)));
    }

    /** Some clients give the id back as text or as its sixteen bytes. */
    private static UUID uuid(@Nullable Object id) throws HubException {
        if (id instanceof UUID uuid) {
            return uuid;
        }
        if (id instanceof Binary binary && binary.getLength() == UUID_BYTES) {
            ByteBuffer bytes = binary.asByteBuffer();
            return new UUID(bytes.getLong(), bytes.getLong());
        }
        try {
            return UUID.fromString(String.valueOf(id));
        } catch (IllegalArgumentException e) {
            throw new HubException(HubError.MALFORMED, "a method's answer needs the correlation-id of its call");
        }
    }
}
