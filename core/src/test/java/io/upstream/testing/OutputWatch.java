// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.function.Consumer;

/** Looks at what is printed, line by line, and prints it all the same. Thread-safe as any {@link PrintStream} is. */
public final class OutputWatch extends PrintStream {
    private static final int LONGEST = 1 << 16;

    private final String name;
    private final Charset charset;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    /** @param name of what is printed to */
    public OutputWatch(String name, OutputStream to, Charset charset) {
        super(to, true, charset);
        this.name = name;
        this.charset = charset;
    }

    /** Standard output and standard error of this JVM, unless they are looked at already. */
    static void begin() {
        watch(System.out, "standard output", System::setOut);
        watch(System.err, "standard error", System::setErr);
    }

    private static void watch(PrintStream now, String name, Consumer<PrintStream> setter) {
        if (!(now instanceof OutputWatch)) {
            setter.accept(new OutputWatch(name, now, Charset.defaultCharset()));
        }
    }

    @Override
    public void write(int b) {
        super.write(b);
        take((byte) b);
    }

    /** Whatever else prints comes down to this. */
    @Override
    public void write(byte[] bytes, int offset, int length) {
        super.write(bytes, offset, length);
        synchronized (line) {
            for (int i = offset; i < offset + length; i++) {
                take(bytes[i]);
            }
        }
    }

    private void take(byte b) {
        synchronized (line) {
            if (b == '\n' || line.size() == LONGEST) {
                look();
            }
            line.write(b);
        }
    }

    /** Looks at what has no end of a line yet. */
    public void look() {
        synchronized (line) {
            SecretScan.look(name, line.toString(charset));
            line.reset();
        }
    }
}
