// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Everything about the way to one hub that may be chosen. Immutable. */
public final class UpstreamOptions {
    /** Name resolution, TCP, tunnel, TLS, WebSocket and login together. */
    public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(60);

    public static final Duration DEFAULT_OPERATION_TIMEOUT = Duration.ofSeconds(60);
    public static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(30);

    /** Shorter than the idle limits of common proxies and load balancers. */
    public static final Duration DEFAULT_KEEP_ALIVE = Duration.ofSeconds(45);

    public static final Duration DEFAULT_KEEP_ALIVE_PATIENCE = Duration.ofSeconds(15);

    /** No timeout can be longer. */
    public static final Duration MAX_TIMEOUT = Duration.ofDays(1);

    public static final int DEFAULT_OUTBOX_MESSAGES = 1_000;
    public static final long DEFAULT_OUTBOX_BYTES = 4L << 20;

    private static final int MAX_ANNOUNCED = 2048;
    private static final Pattern DTMI = Pattern.compile("dtmi:[A-Za-z0-9_]+(?::[A-Za-z0-9_]+)*(?:;[1-9][0-9.]*)?");
    private static final Pattern CHAIN = Pattern.compile("[!-:<-~]+(?:;[!-:<-~]+)+");

    private final Builder from;

    private UpstreamOptions(Builder from) {
        this.from = from;
    }

    /**
     * Starts from the defaults.
     *
     * @param hubHost the hub's host name, such as {@code my-hub.azure-devices.net}
     */
    public static Builder forHub(String hubHost) {
        return new Builder(new HostPort(hubHost, 1).host());
    }

    public Builder toBuilder() {
        return new Builder(from);
    }

    /** The name that identities, tokens, SNI and host name verification use. */
    public String hubHost() {
        return from.hubHost;
    }

    /** In the order in which they are tried; not empty, no duplicates. */
    public List<UpstreamProtocol> protocols() {
        return from.protocols;
    }

    /** Where a connection that speaks {@code protocol} goes: the gateway if there is one, else the hub. */
    public HostPort target(UpstreamProtocol protocol) {
        return new HostPort(
                from.gatewayHost.isEmpty() ? from.hubHost : from.gatewayHost, from.port.orElse(protocol.defaultPort()));
    }

    public ProxyChoice proxy() {
        return from.proxy;
    }

    public Trust trust() {
        return from.trust;
    }

    public Duration connectTimeout() {
        return from.connectTimeout;
    }

    public Duration operationTimeout() {
        return from.operationTimeout;
    }

    public Duration closeTimeout() {
        return from.closeTimeout;
    }

    public Duration keepAlive() {
        return from.keepAlive == null ? DEFAULT_KEEP_ALIVE : from.keepAlive;
    }

    /** How long the peer may take to give the sign of life that it was asked for. */
    public Duration keepAlivePatience() {
        return from.keepAlivePatience;
    }

    /** Whether a transport may shorten {@link #keepAlive} by itself: unless it was chosen. */
    public boolean adaptsKeepAlive() {
        return from.keepAlive == null;
    }

    /** How a session comes back when its connection is lost. */
    public Reconnect reconnect() {
        return from.reconnect;
    }

    /** How many messages of one session may wait or be unacknowledged at once. */
    public int outboxMessages() {
        return from.outboxMessages;
    }

    /** How many payload bytes of one session may wait or be unacknowledged at once; a single message always fits. */
    public long outboxBytes() {
        return from.outboxBytes;
    }

    /** What the hub's operator reads about this client; may be empty. */
    public String productInfo() {
        return from.productInfo;
    }

    /** The model that devices say they follow (IoT Plug and Play); may be empty. */
    public String modelId() {
        return from.modelId;
    }

    /** On whose behalf identities connect; may be empty. */
    public String authChain() {
        return from.authChain;
    }

    /** The request target of the WebSocket upgrade, or empty for the hub's own. */
    public String webSocketPath() {
        return from.webSocketPath;
    }

    /** The WebSocket subprotocol, or empty for the hub's own. */
    public String webSocketSubprotocol() {
        return from.webSocketSubprotocol;
    }

    /** The MQTT topic or AMQP address that telemetry goes to, or empty for the hub's own. */
    public String telemetryAddress() {
        return from.telemetryAddress;
    }

    /** Collects choices; not thread-safe. */
    public static final class Builder {
        private String hubHost;
        private String gatewayHost = "";
        private List<UpstreamProtocol> protocols = List.of(UpstreamProtocol.AMQP, UpstreamProtocol.AMQP_WS);
        private OptionalInt port = OptionalInt.empty();
        private ProxyChoice proxy = ProxyChoice.DIRECT;
        private Trust trust = Trust.system();
        private Duration connectTimeout = DEFAULT_CONNECT_TIMEOUT;
        private Duration operationTimeout = DEFAULT_OPERATION_TIMEOUT;
        private Duration closeTimeout = DEFAULT_CLOSE_TIMEOUT;
        private @Nullable Duration keepAlive;
        private Duration keepAlivePatience = DEFAULT_KEEP_ALIVE_PATIENCE;
        private Reconnect reconnect = Reconnect.DEFAULT;
        private int outboxMessages = DEFAULT_OUTBOX_MESSAGES;
        private long outboxBytes = DEFAULT_OUTBOX_BYTES;
        private String productInfo = "";
        private String modelId = "";
        private String authChain = "";
        private String webSocketPath = "";
        private String webSocketSubprotocol = "";
        private String telemetryAddress = "";

        private Builder(String hubHost) {
            this.hubHost = hubHost;
        }

        private Builder(Builder other) {
            hubHost = other.hubHost;
            gatewayHost = other.gatewayHost;
            protocols = other.protocols;
            port = other.port;
            proxy = other.proxy;
            trust = other.trust;
            connectTimeout = other.connectTimeout;
            operationTimeout = other.operationTimeout;
            closeTimeout = other.closeTimeout;
            keepAlive = other.keepAlive;
            keepAlivePatience = other.keepAlivePatience;
            reconnect = other.reconnect;
            outboxMessages = other.outboxMessages;
            outboxBytes = other.outboxBytes;
            productInfo = other.productInfo;
            modelId = other.modelId;
            authChain = other.authChain;
            webSocketPath = other.webSocketPath;
            webSocketSubprotocol = other.webSocketSubprotocol;
            telemetryAddress = other.telemetryAddress;
        }

        /** The same choices for another hub: the one that {@link Provisioning} assigned. */
        public Builder hub(String host) {
            hubHost = new HostPort(host, 1).host();
            return this;
        }

        /** Exactly this one; default is AMQP, and AMQP over WebSocket where that does not get through. */
        public Builder protocol(UpstreamProtocol protocol) {
            return protocols(protocol);
        }

        /**
         * Tried in this order, one after the other, where the network or a proxy does not let one through. What worked in place of the first is
         * tried first for an hour; then the next session to be opened begins with the first again.
         */
        public Builder protocols(UpstreamProtocol... inOrder) {
            if (inOrder.length == 0) {
                throw new IllegalArgumentException("at least one protocol is needed");
            }
            protocols = List.copyOf(new LinkedHashSet<>(List.of(inOrder)));
            return this;
        }

        /** Overrides the protocol's own port; 1 to 65535. */
        public Builder port(int port) {
            this.port = OptionalInt.of(new HostPort(hubHost, port).port());
            return this;
        }

        /** Connects to this host instead of the hub's: an IoT Edge gateway. Identities and tokens still name the hub. */
        public Builder gateway(String host) {
            gatewayHost = new HostPort(host, 1).host();
            return this;
        }

        /** Default is {@link ProxyChoice#DIRECT}: the environment is not read unless asked for. */
        public Builder proxy(ProxyChoice proxy) {
            this.proxy = Objects.requireNonNull(proxy, "proxy");
            return this;
        }

        public Builder trust(Trust trust) {
            this.trust = Objects.requireNonNull(trust, "trust");
            return this;
        }

        /** The whole of one connection attempt; more than zero, at most a day. */
        public Builder connectTimeout(Duration timeout) {
            connectTimeout = positive("connect timeout", timeout);
            return this;
        }

        /** Each send and subscription; more than zero, at most a day. */
        public Builder operationTimeout(Duration timeout) {
            operationTimeout = positive("operation timeout", timeout);
            return this;
        }

        /** How long {@code close()} lets sends finish; zero to a day. */
        public Builder closeTimeout(Duration timeout) {
            if (timeout.isNegative() || timeout.compareTo(MAX_TIMEOUT) > 0) {
                throw new IllegalArgumentException("close timeout must be zero to a day, was " + timeout);
            }
            closeTimeout = timeout;
            return this;
        }

        /**
         * How long a connection may be silent in one direction before it gives and asks for a sign of life; 1 s to 1177 s, the hub's limit. Each
         * connection takes 82 to 100 % of it, so that not all speak at once. Without this it is {@link #DEFAULT_KEEP_ALIVE} at first, and
         * shorter, down to 15 s, once two connections have ended after the same shorter silence: a proxy or firewall on the way has a limit.
         * What is given here is kept to; the log says if it is too long.
         */
        public Builder keepAlive(Duration interval) {
            if (interval.compareTo(Duration.ofSeconds(1)) < 0 || interval.compareTo(Duration.ofSeconds(1177)) > 0) {
                throw new IllegalArgumentException("keep alive must be 1 s to 1177 s, was " + interval);
            }
            keepAlive = interval;
            return this;
        }

        /**
         * How long the sign of life may take that was asked for: then the connection is dead, even if nobody has closed it. 1 s to 60 s. Under
         * MQTT it is the answer to a PINGREQ; under AMQP, which has no question, the peer is told to be silent for no longer than interval and
         * patience together.
         */
        public Builder keepAlivePatience(Duration patience) {
            if (patience.compareTo(Duration.ofSeconds(1)) < 0 || patience.compareTo(Duration.ofSeconds(60)) > 0) {
                throw new IllegalArgumentException("keep alive patience must be 1 s to 60 s, was " + patience);
            }
            keepAlivePatience = patience;
            return this;
        }

        /** Default is {@link Reconnect#DEFAULT}. */
        public Builder reconnect(Reconnect reconnect) {
            this.reconnect = Objects.requireNonNull(reconnect, "reconnect");
            return this;
        }

        /** At least one message; at most 65535, the packet ids of MQTT. */
        public Builder outbox(int messages, long bytes) {
            if (messages < 1 || messages > 65_535 || bytes < 1) {
                throw new IllegalArgumentException(
                        "outbox must hold 1..65535 messages and at least 1 byte, was " + messages + " and " + bytes);
            }
            outboxMessages = messages;
            outboxBytes = bytes;
            return this;
        }

        /** Printable ASCII; at most 256 characters. */
        public Builder productInfo(String text) {
            if (text.length() > 256 || text.chars().anyMatch(c -> c < ' ' || c > '~')) {
                throw new IllegalArgumentException("product info must be at most 256 printable ASCII characters");
            }
            productInfo = text;
            return this;
        }

        /**
         * The digital twin model that devices follow, such as {@code dtmi:com:example:Thermostat;1}: announced with each connection, and
         * found in the twin ("IoT Plug and Play device developer guide"). At most 2048 characters.
         */
        public Builder modelId(String dtmi) {
            if (dtmi.length() > MAX_ANNOUNCED || !DTMI.matcher(dtmi).matches()) {
                throw new IllegalArgumentException("a model id has the form dtmi:com:example:Thermostat;1, was '"
                        + dtmi.replaceAll("\\p{Cc}", "?") + "'");
            }
            modelId = dtmi;
            return this;
        }

        /**
         * For a gateway that connects on behalf of other devices: the ids from the device itself to the gateway, separated by semicolons,
         * such as {@code leaf-1;edge-1}. The token is then the gateway's. Printable ASCII without spaces, at most 2048 characters.
         */
        public Builder authChain(String chain) {
            if (chain.length() > MAX_ANNOUNCED || !CHAIN.matcher(chain).matches()) {
                throw new IllegalArgumentException(
                        "an authentication chain is at least two ids separated by semicolons, such as leaf-1;edge-1, was '"
                                + chain.replaceAll("\\p{Cc}", "?") + "'");
            }
            authChain = chain;
            return this;
        }

        /** For a server that is no IoT Hub: another request target, such as {@code /mqtt}; may hold a query. */
        public Builder webSocketPath(String path) {
            if (!path.startsWith("/") || path.chars().anyMatch(c -> c <= ' ' || c > '~' || c == '#')) {
                throw new IllegalArgumentException(
                        "a WebSocket path starts with / and is printable ASCII without #, was '"
                                + path.replaceAll("\\p{Cc}", "?") + "'");
            }
            webSocketPath = path;
            return this;
        }

        /** For a server that is no IoT Hub: another subprotocol, such as {@code amqp}. */
        public Builder webSocketSubprotocol(String name) {
            if (!name.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
                throw new IllegalArgumentException("a WebSocket subprotocol is a token of RFC 9110");
            }
            webSocketSubprotocol = name;
            return this;
        }

        /**
         * For a broker that is no IoT Hub: another topic or link address. MQTT 3.1.1 carries no properties there: a message with application
         * properties fails, system properties stay behind.
         */
        public Builder telemetryAddress(String address) {
            if (address.isEmpty()) {
                throw new IllegalArgumentException("a telemetry address must not be empty");
            }
            telemetryAddress = address;
            return this;
        }

        public UpstreamOptions build() {
            return new UpstreamOptions(new Builder(this));
        }

        private static Duration positive(String what, Duration value) {
            if (value.isNegative() || value.isZero() || value.compareTo(MAX_TIMEOUT) > 0) {
                throw new IllegalArgumentException(what + " must be more than zero and at most a day, was " + value);
            }
            return value;
        }
    }
}
