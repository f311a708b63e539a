// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A CONNECT proxy by hand, independent of the client's code, that wants one scheme of authentication, knows everybody by the same password,
 * keeps the connection after a 407, and counts requests. Blocking, two threads for each tunnel: for the time that connecting takes, not for throughput.
 */
final class LoginProxy implements AutoCloseable {
    private static final String PASSWORD = "secret";
    private static final String REALM = "bench";
    private static final String NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
    private static final int LONGEST_HEAD = 8_192;
    private static final Pattern PARAMETER = Pattern.compile("(\\w+)=(?:\"([^\"]*)\"|([^\\s,]*))");

    private final Scheme scheme;
    private final ServerSocket listener;
    private final AtomicInteger requests = new AtomicInteger();

    /** What it asks for. */
    enum Scheme {
        NONE,
        BASIC,
        DIGEST
    }

    LoginProxy(Scheme scheme) throws IOException {
        this.scheme = scheme;
        this.listener = new ServerSocket(0, 256, InetAddress.getLoopbackAddress());
        start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** CONNECT requests so far. */
    int requests() {
        return requests.get();
    }

    private void accept() throws IOException {
        while (!listener.isClosed()) {
            Socket client = listener.accept();
            start(() -> serve(client));
        }
    }

    private void serve(Socket client) throws IOException {
        try (client) {
            client.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(client.getInputStream());
            OutputStream out = client.getOutputStream();
            for (String head = head(in); !head.isEmpty(); head = head(in)) {
                requests.incrementAndGet();
                if (isLetIn(header(head, "Proxy-Authorization"))) {
                    tunnel(head.split(" ", 3)[1], in, out);
                    return;
                }
                out.write(("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: " + challenge()
                                + "\r\nContent-Length: 0\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
            }
        }
    }

    private static void tunnel(String authority, InputStream in, OutputStream out) throws IOException {
        int port = Integer.parseInt(authority.substring(authority.lastIndexOf(':') + 1));
        try (Socket target = new Socket(InetAddress.getLoopbackAddress(), port)) {
            target.setTcpNoDelay(true);
            out.write("HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
            start(() -> {
                target.getInputStream().transferTo(out);
                out.close();
            });
            in.transferTo(target.getOutputStream());
        }
    }

    /** Up to the empty line, or empty at the end. */
    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        for (int octet = in.read(); octet >= 0 && head.length() < LONGEST_HEAD; octet = in.read()) {
            head.append((char) octet);
            if (head.length() >= 4 && head.substring(head.length() - 4).equals("\r\n\r\n")) {
                return head.toString();
            }
        }
        return "";
    }

    private static String header(String head, String name) {
        return head.lines()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .findFirst()
                .orElse("");
    }

    private String challenge() {
        return scheme == Scheme.DIGEST
                ? "Digest realm=\"" + REALM + "\", nonce=\"" + NONCE + "\", qop=\"auth\", algorithm=MD5"
                : "Basic realm=\"" + REALM + "\"";
    }

    private boolean isLetIn(String authorization) {
        return switch (scheme) {
            case NONE -> true;
            case BASIC ->
                authorization.startsWith("Basic ")
                        && new String(Base64.getDecoder().decode(authorization.substring(6)), StandardCharsets.UTF_8)
                                .endsWith(":" + PASSWORD);
            case DIGEST -> authorization.startsWith("Digest ") && isRight(authorization);
        };
    }

    /** RFC 7616 section 3.4.1, quality of protection "auth". */
    private static boolean isRight(String authorization) {
        Map<String, String> given = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        Matcher matcher = PARAMETER.matcher(authorization);
        while (matcher.find()) {
            given.put(matcher.group(1), matcher.group(2) == null ? matcher.group(3) : matcher.group(2));
        }
        String secret = md5(given.get("username") + ":" + REALM + ":" + PASSWORD);
        String request = md5("CONNECT:" + given.get("uri"));
        String expected =
                md5(String.join(":", secret, NONCE, given.get("nc"), given.get("cnonce"), given.get("qop"), request));
        return NONCE.equals(given.get("nonce")) && expected.equals(given.get("response"));
    }

    private static String md5(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JVM has no MD5", e);
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    /** A connection that ends ends its thread, whoever ended it. */
    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException | UncheckedIOException e) {
                return;
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
