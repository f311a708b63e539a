// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.amqp.engine.AmqpReader;
import io.upstream.amqp.engine.MalformedMessageException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An encoded message taken apart into its sections (AMQP 1.0 section 3.2). */
final class InboundMessage {
    static final int CORRELATION_ID = 5;

    private Map<?, ?> application = Map.of();
    private List<?> properties = List.of();
    private byte[] body = {};

    private InboundMessage() {}

    /** Borrows. */
    static InboundMessage read(byte[] bytes) throws MalformedMessageException {
        AmqpReader in = new AmqpReader(bytes, 0, bytes.length);
        InboundMessage message = new InboundMessage();
        while (in.hasMore()) {
            message.section(in.sectionCode(), in.value());
        }
        return message;
    }

    private void section(int code, @Nullable Object value) throws MalformedMessageException {
        switch (code) {
            case MessageSections.HEADER, MessageSections.DELIVERY_ANNOTATIONS, MessageSections.FOOTER -> {}
            case MessageSections.ANNOTATIONS -> require(Map.class, value);
            case MessageSections.PROPERTIES -> properties = require(List.class, value);
            case MessageSections.APPLICATION -> application = require(Map.class, value);
            case MessageSections.DATA -> append(require(byte[].class, value));
            case MessageSections.VALUE -> value(value);
            default -> throw new MalformedMessageException("a section 0x" + Integer.toHexString(code));
        }
    }

    private void value(@Nullable Object value) throws MalformedMessageException {
        if (value instanceof String text) {
            append(text.getBytes(StandardCharsets.UTF_8));
        } else if (value instanceof byte[] bytes) {
            append(bytes);
        } else if (value != null) {
            throw new MalformedMessageException("a body that is neither data nor text");
        }
    }

    /** There may be several data sections; there hardly ever are. */
    private void append(byte[] more) {
        if (body.length == 0) {
            body = more;
        } else {
            int length = body.length;
            body = Arrays.copyOf(body, length + more.length);
            System.arraycopy(more, 0, body, length, more.length);
        }
    }

    private static <T> T require(Class<T> type, @Nullable Object value) throws MalformedMessageException {
        if (!type.isInstance(value)) {
            throw new MalformedMessageException("a section of the wrong type");
        }
        return type.cast(value);
    }

    byte[] body() {
        return body;
    }

    Map<?, ?> application() {
        return application;
    }

    /** A field of the properties section as text, times in ISO-8601; null if absent. */
    @Nullable
    String property(int index) {
        return index < properties.size() ? text(properties.get(index)) : null;
    }

    /** Any value as text; null for null. */
    static @Nullable String text(@Nullable Object value) {
        if (value instanceof byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
        if (value instanceof Instant time) {
            return time.toString();
        }
        return value == null ? null : String.valueOf(value);
    }
}
