// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

/** All clients by name. A class is loaded only when it is asked for: the others' libraries are not on the class path. */
public final class Clients {
    private Clients() {}

    /** Prepares the client that the comparison calls {@code name}. */
    public static PeerClient create(String name, Endpoint endpoint) {
        return switch (name) {
            case "upstream" -> new UpstreamClient(endpoint, UpstreamClient.Sharing.AS_THE_LIBRARY_DOES);
            case "upstream-inline" ->
                new UpstreamClient(endpoint, UpstreamClient.Sharing.AS_THE_LIBRARY_DOES, Runnable::run);
            case "upstream-unshared" -> new UpstreamClient(endpoint, UpstreamClient.Sharing.NONE);
            case "limit" -> new LimitClient(endpoint);
            case "hivemq" -> new HiveMqClient(endpoint);
            case "paho" -> new PahoClient(endpoint);
            case "protonj2" -> new ProtonJ2Client(endpoint);
            case "qpid-jms" -> new QpidJmsClient(endpoint);
            case "azure" -> new AzureClient(endpoint, AzureClient.Pace.DEFAULT);
            case "azure-raised" -> new AzureClient(endpoint, AzureClient.Pace.RAISED);
            default -> throw new IllegalArgumentException("there is no client '" + name + "'");
        };
    }
}
