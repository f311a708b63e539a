// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.connect.PipelineNames;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * One upgrade in a channel of its own. As in an attempt, the layer above is added within the completion. Closing the fixture fails
 * unless every byte was given back and all that was passed up had reached that layer.
 */
final class StageFixture implements AutoCloseable {
    /** A right answer; the words in braces are replaced. */
    static final String OK = """
            HTTP/1.1 101 Switching Protocols
            Upgrade: websocket
            Connection: Upgrade
            Sec-WebSocket-Accept: {accept}
            Sec-WebSocket-Protocol: mqtt

            """.replace("\n", "\r\n");

    private static final int ACCEPT_LENGTH = 28;

    final UnpooledByteBufAllocator alloc = new UnpooledByteBufAllocator(true, true);
    final EmbeddedChannel channel = new EmbeddedChannel();
    private final StringBuilder received = new StringBuilder();
    private final String request;
    private final CompletableFuture<Void> outcome;

    StageFixture() {
        this(new HostPort("hub.test", 443));
    }

    StageFixture(HostPort target) {
        this(target, true);
    }

    private StageFixture(HostPort target, boolean open) {
        channel.config().setAllocator(alloc);
        if (!open) {
            channel.close();
        }
        WebSocketStage stage = new WebSocketStage(target, "/$iothub/websocket?iothub-no-client-cert=true", "mqtt");
        outcome = stage.establish(channel, FramesFixture.WHERE).toCompletableFuture();
        outcome.thenRun(() -> PipelineNames.append(channel.pipeline(), PipelineNames.CODEC, new Layer()));
        ByteBuf sent = channel.readOutbound();
        request = sent == null ? "" : sent.toString(StandardCharsets.US_ASCII);
        if (sent != null) {
            sent.release();
        }
    }

    static StageFixture onClosedChannel() {
        return new StageFixture(new HostPort("hub.test", 443), false);
    }

    /** {@link #OK} with a field that fills it up to {@code length} bytes. */
    static String padded(int length) {
        String bare = OK.replace("{accept}", "x".repeat(ACCEPT_LENGTH));
        int missing = length - bare.length() - "X: \r\n".length();
        return OK.replace("Connection", "X: " + "x".repeat(missing) + "\r\nConnection");
    }

    static int okLength() {
        return OK.length() - "{accept}".length() + ACCEPT_LENGTH;
    }

    String request() {
        return request;
    }

    String key() {
        return request.lines()
                .filter(line -> line.startsWith("Sec-WebSocket-Key: "))
                .map(line -> line.substring("Sec-WebSocket-Key: ".length()))
                .findFirst()
                .orElseThrow();
    }

    void answer(String response) {
        feed(bytes(response));
    }

    void answerByteByByte(String response) {
        for (byte octet : bytes(response)) {
            feed(new byte[] {octet});
        }
    }

    void answerCut(String response, byte[] glued, int cut) {
        byte[] all = ServerFrames.join(bytes(response), glued);
        feed(Arrays.copyOf(all, cut));
        feed(Arrays.copyOfRange(all, cut, all.length));
    }

    private void feed(byte[] bytes) {
        channel.writeInbound(alloc.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes));
    }

    private byte[] bytes(String response) {
        String accept = accept();
        return response.replace("{accept}", accept)
                .replace("{ACCEPT}", accept.toUpperCase(Locale.ROOT))
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private String accept() {
        try {
            byte[] text = (key() + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII);
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("SHA-1").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    void assertOpen() {
        assertTrue(outcome.isDone() && !outcome.isCompletedExceptionally(), () -> "outcome: " + outcome);
        assertEquals(null, channel.pipeline().context(PipelineNames.WEBSOCKET_UPGRADE));
    }

    /** The message of the failure. */
    String assertFailed(FailureKind kind) {
        UpstreamException error = failure();
        String message = String.valueOf(error.getMessage());
        assertEquals(kind, error.kind(), message);
        assertEquals("websocket", error.stage());
        assertEquals("hub hub.test:443", error.hop());
        return message;
    }

    private UpstreamException failure() {
        assertTrue(outcome.isDone(), "still waiting");
        CompletionException thrown = assertThrows(CompletionException.class, outcome::join);
        return assertInstanceOf(UpstreamException.class, thrown.getCause());
    }

    Duration retryAfter() {
        return failure().retryAfter();
    }

    String received() {
        return received.toString();
    }

    @Override
    public void close() {
        assertEquals(0, channel.inboundMessages().size(), "nothing goes past the layer above");
        channel.unsafe().close(channel.unsafe().voidPromise());
        channel.finishAndReleaseAll();
        assertEquals(0, alloc.metric().usedDirectMemory(), "direct memory given back");
        assertEquals(0, alloc.metric().usedHeapMemory(), "heap buffers given back");
    }

    private final class Layer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            received.append(in.toString(StandardCharsets.US_ASCII));
            in.release();
        }
    }
}
