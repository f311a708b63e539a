// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client's end of a connection to the head, in one thread and without a socket. */
final class Wire implements AutoCloseable {
    private final EmbeddedChannel server = new EmbeddedChannel();
    private final EmbeddedChannel encoder = new EmbeddedChannel(MqttEncoder.INSTANCE);
    private final EmbeddedChannel decoder = new EmbeddedChannel(new MqttDecoder(1_000_000));
    private final List<MqttMessage> received = new ArrayList<>();

    Wire(MqttHead head) {
        head.install(server.pipeline());
    }

    void send(MqttMessage... messages) {
        for (MqttMessage message : messages) {
            encoder.writeOutbound(message);
        }
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf part = encoder.readOutbound(); part != null; part = encoder.readOutbound()) {
            all.writeBytes(part);
            part.release();
        }
        sendBytes(ByteBufUtil.getBytes(all));
        all.release();
    }

    void sendBytes(byte[] bytes) {
        server.writeInbound(Unpooled.copiedBuffer(bytes));
    }

    void sendOneByOne(MqttMessage message) {
        encoder.writeOutbound(message);
        for (ByteBuf part = encoder.readOutbound(); part != null; part = encoder.readOutbound()) {
            while (part.isReadable()) {
                server.writeInbound(Unpooled.buffer().writeByte(part.readByte()));
            }
            part.release();
        }
    }

    /** The next packet from the server, or {@code null}. The wire releases it. */
    @Nullable
    MqttMessage receive() {
        server.runPendingTasks();
        for (ByteBuf bytes = server.readOutbound(); bytes != null; bytes = server.readOutbound()) {
            decoder.writeInbound(bytes);
        }
        MqttMessage message = decoder.readInbound();
        if (message != null) {
            received.add(message);
        }
        return message;
    }

    <T extends MqttMessage> T receive(Class<T> type) {
        MqttMessage message = receive();
        if (!type.isInstance(message)) {
            throw new AssertionError("expected " + type.getSimpleName() + ", got " + message);
        }
        return type.cast(message);
    }

    boolean isOpen() {
        server.runPendingTasks();
        return server.isActive();
    }

    void pass(long amount, TimeUnit unit) {
        server.advanceTimeBy(amount, unit);
        server.runScheduledPendingTasks();
        server.runPendingTasks();
    }

    EmbeddedChannel server() {
        return server;
    }

    /** Cuts the connection as a failing network does. */
    @Override
    public void close() {
        for (MqttMessage message = receive(); message != null; message = receive()) {
            // collected for release
        }
        received.forEach(ReferenceCountUtil::release);
        received.clear();
        server.finishAndReleaseAll();
        encoder.finishAndReleaseAll();
        decoder.finishAndReleaseAll();
    }
}
