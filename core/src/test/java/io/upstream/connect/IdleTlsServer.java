// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;

/**
 * A server in a JVM of its own, so that only the client's side lies on the heap that a test measures. Takes the file for its root
 * certificate, prints its port, and ends with its standard input.
 */
final class IdleTlsServer implements AutoCloseable {
    private final Process process;
    private final int port;

    private IdleTlsServer(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    static IdleTlsServer start(Path roots) throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classPath,
                        IdleTlsServer.class.getName(),
                        roots.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String line = process.inputReader().readLine();
        if (line == null) {
            process.destroyForcibly();
            throw new IOException("the server did not start");
        }
        return new IdleTlsServer(process, Integer.parseInt(line.strip()));
    }

    int port() {
        return port;
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        process.onExit().orTimeout(20, TimeUnit.SECONDS).join();
    }

    public static void main(String[] arguments) throws Exception {
        CertificateBuilder authority = new CertificateBuilder().algorithm(Algorithm.ecp256);
        X509Bundle root =
                authority.subject("CN=CA").setIsCertificateAuthority(true).buildSelfSigned();
        X509Bundle certificate = new CertificateBuilder()
                .algorithm(Algorithm.ecp256)
                .subject("CN=hub")
                .addSanDnsName("localhost")
                .buildIssuedBy(root);
        Files.writeString(Path.of(arguments[0]), root.getCertificatePEM());
        try (TlsPeer peer = new TlsPeer(certificate)) {
            System.out.println(peer.port());
            ConcurrentLinkedQueue<SSLSocket> open = new ConcurrentLinkedQueue<>();
            for (int i : List.of(1, 2)) {
                Thread taker = new Thread(() -> takeAll(peer, open), "taker-" + i);
                taker.setDaemon(true);
                taker.start();
            }
            while (System.in.read() >= 0) {
                // what is written does not matter, only the end
            }
        }
    }

    private static void takeAll(TlsPeer peer, ConcurrentLinkedQueue<SSLSocket> open) {
        while (true) {
            try {
                open.add(peer.take());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
