// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.codec;

import io.netty.buffer.PooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One TLS 1.3 record, AES-256-GCM, from one direct buffer into another. */
@State(Scope.Thread)
public class TlsWrapBenchmark extends CodecBenchmark {
    /** Whose TLS, through Netty's engines. */
    public enum Codec {
        BORINGSSL,
        JDK
    }

    /** Who encrypts. */
    @Param
    public Codec codec = Codec.JDK;

    /** Plaintext in bytes. */
    @Param({"64", "1024", "16000"})
    public int size;

    private final ByteBuffer record = ByteBuffer.allocateDirect(1 << 16);
    private ByteBuffer plain = ByteBuffer.allocateDirect(0);
    private final TlsPair pair = new TlsPair(PooledByteBufAllocator.DEFAULT);
    private SSLEngine engine = pair.server();

    /** Shakes hands with the other provider, and has that decrypt a record. */
    @Setup(Level.Trial)
    public void prepare() throws SSLException {
        byte[] bytes = new byte[size];
        new SplittableRandom(size).nextBytes(bytes);
        plain = ByteBuffer.allocateDirect(size).put(bytes);
        pair.shakeHands();
        engine = codec == Codec.JDK ? pair.server() : pair.client();
        SSLEngine other = codec == Codec.JDK ? pair.client() : pair.server();
        wrapRecord();
        record.flip();
        ByteBuffer decrypted = ByteBuffer.allocateDirect(1 << 16);
        other.unwrap(record, decrypted);
        if (!decrypted.flip().equals(plain.flip())) {
            throw new IllegalStateException(codec + " encrypted something else");
        }
    }

    @Benchmark
    public int wrapRecord() throws SSLException {
        plain.clear();
        record.clear();
        int written = engine.wrap(plain, record).bytesProduced();
        if (written <= size) {
            throw new IllegalStateException(codec + " encrypts no more");
        }
        return written;
    }
}
