// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.HostPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which destinations go past the proxy: a list as in {@code no_proxy}. Understands what curl, Go, .NET, Python and Java write there:
 * names with or without a leading dot or {@code *.}, addresses, CIDR ranges, ports, {@code <local>}, {@code *}, and stars at the ends.
 * An item that cannot be understood is ignored, which leads to the proxy and never past it. No name is resolved.
 */
final class NoProxy {
    private static final String LOCAL = "<local>";
    private static final Pattern PIPE = Pattern.compile("\\|");
    private static final Pattern SEPARATORS = Pattern.compile("[,;|\\s]+");
    private static final Pattern SCHEME = Pattern.compile("^[a-z][a-z0-9+.-]*://");
    private static final Pattern PORT_SUFFIX = Pattern.compile("^(\\[[^\\]]*\\]|[^:\\[\\]]*)(?::(.*))?$");
    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");

    private final List<Item> items;
    private final List<String> warnings;

    private NoProxy(List<Item> items, List<String> warnings) {
        this.items = List.copyOf(items);
        this.warnings = List.copyOf(warnings);
    }

    /** What an item is matched with. */
    private record Destination(String name, Optional<IpRange> address, int port) {
        static Destination of(HostPort target) {
            String host = HostName.withoutRoot(target.host().toLowerCase(Locale.ROOT))
                    .replaceFirst("^\\[(.*)]$", "$1")
                    .replaceFirst("%.*", "");
            Optional<IpRange> address = IpRange.address(host);
            return new Destination(address.isPresent() ? host : asciiOrSame(host), address, target.port());
        }

        private static String asciiOrSame(String host) {
            try {
                return HostName.ascii(host);
            } catch (IllegalArgumentException e) {
                return host; // matches nothing but a star; the connection will say what is wrong with it
            }
        }

        boolean isLoopback() {
            return name.equals("localhost")
                    || name.endsWith(".localhost")
                    || address.filter(IpRange::isLoopback).isPresent();
        }
    }

    /**
     * One exception.
     *
     * @param text for people
     * @param spelling as {@link #parse} reads it
     */
    private record Item(String text, String spelling, Predicate<Destination> covers) {}

    /** Nothing goes past the proxy, this machine included. */
    static NoProxy nothing() {
        return new NoProxy(List.of(), List.of());
    }

    /** This machine itself. */
    static NoProxy thisMachine() {
        return new NoProxy(
                List.of(new Item("this machine", "localhost,127.0.0.0/8,::1", Destination::isLoopback)), List.of());
    }

    /** What a module reaches on its own device: the gateway, and all names without a dot, which are those of containers. */
    static NoProxy aroundModule(String gatewayHost) {
        List<Item> items = new ArrayList<>();
        String gateway = gatewayHost.strip().toLowerCase(Locale.ROOT);
        IpRange.address(gateway)
                .map(NoProxy::within)
                .or(() -> name(gateway, false))
                .ifPresent(covers -> items.add(new Item("the module's gateway " + shown(gateway), gateway, covers)));
        items.add(new Item("a name without a dot, as containers of a device have", LOCAL, NoProxy::isLocal));
        return new NoProxy(items, List.of());
    }

    /** What {@code list} names, and this machine itself. */
    static NoProxy parse(String list) {
        return thisMachine().and(list(list));
    }

    /** What {@code list} names. */
    static NoProxy list(String list) {
        return read(SEPARATORS.splitAsStream(list), NoProxy::item);
    }

    /** As Java's {@code http.nonProxyHosts}: separated by pipes, a name is itself only, without its subdomains. */
    static NoProxy javaList(String list) {
        return read(PIPE.splitAsStream(list).map(String::strip), NoProxy::javaItem);
    }

    private static NoProxy read(Stream<String> texts, Function<String, Optional<Predicate<Destination>>> reader) {
        List<Item> items = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        texts.filter(text -> !text.isEmpty())
                .forEach(text -> reader.apply(text.toLowerCase(Locale.ROOT))
                        .ifPresentOrElse(
                                covers -> items.add(new Item(shown(text), spelling(text), covers)),
                                () -> warnings.add("'" + shown(text)
                                        + "' in the list of exceptions cannot be understood and is ignored")));
        return new NoProxy(items, warnings);
    }

    /** These exceptions, then {@code others}. */
    NoProxy and(NoProxy others) {
        return new NoProxy(
                Stream.concat(items.stream(), others.items.stream()).toList(),
                Stream.concat(warnings.stream(), others.warnings.stream()).toList());
    }

    /** As a list that {@link #parse} reads; what was ignored is left out. */
    String spelling() {
        return items.stream()
                .flatMap(item -> SEPARATORS.splitAsStream(item.spelling()))
                .distinct()
                .collect(Collectors.joining(","));
    }

    /** Without what nobody else understands: scheme and path of a URL. */
    private static String spelling(String text) {
        String rest = SCHEME.matcher(text.toLowerCase(Locale.ROOT)).replaceFirst("");
        int slash = rest.indexOf('/');
        return slash >= 0 && IpRange.cidr(rest).isEmpty() ? rest.substring(0, slash) : rest;
    }

    /** Somebody may have put a whole URL there. */
    private static String shown(String text) {
        String harmless = text.substring(text.lastIndexOf('@') + 1).replaceAll("\\p{Cc}", "?");
        return harmless.length() <= 64 ? harmless : harmless.substring(0, 64) + "…";
    }

    /** The first item that covers {@code target}, as text. */
    Optional<String> itemFor(HostPort target) {
        Destination destination = Destination.of(target);
        return items.stream()
                .filter(item -> item.covers().test(destination))
                .map(Item::text)
                .findFirst();
    }

    /** The items that were ignored. */
    List<String> warnings() {
        return warnings;
    }

    private static Optional<Predicate<Destination>> item(String text) {
        if (text.equals("*")) {
            return Optional.of(any -> true);
        }
        if (text.equals(LOCAL)) {
            return Optional.of(NoProxy::isLocal);
        }
        String rest = SCHEME.matcher(text).replaceFirst("");
        int slash = rest.indexOf('/');
        String host = slash < 0 ? rest : rest.substring(0, slash);
        boolean isRange = slash >= 0
                && rest.equals(text)
                && IpRange.address(host.replaceAll("[\\[\\]]", "")).isPresent();
        if (isRange) {
            return IpRange.cidr(rest).map(NoProxy::within);
        }
        return IpRange.address(host).map(NoProxy::within).or(() -> hostAndPort(host));
    }

    private static boolean isLocal(Destination to) {
        return to.address().isEmpty() && to.name().indexOf('.') < 0;
    }

    private static Optional<Predicate<Destination>> javaItem(String text) {
        if (text.equals("*")) {
            return Optional.of(any -> true);
        }
        if (text.indexOf('*') >= 0) {
            return glob(text);
        }
        String literal = text.replaceFirst("^\\[(.*)]$", "$1");
        return IpRange.address(literal)
                .map(NoProxy::within)
                .or(() -> asciiName(text).map(name -> to -> to.name().equals(name)));
    }

    private static Predicate<Destination> within(IpRange range) {
        return to -> to.address().filter(range::contains).isPresent();
    }

    private static Optional<Predicate<Destination>> hostAndPort(String text) {
        Matcher parts = PORT_SUFFIX.matcher(text);
        if (!parts.matches()) {
            return Optional.empty();
        }
        Optional<Predicate<Destination>> host = host(parts.group(1));
        String port = parts.group(2);
        if (port == null) {
            return host;
        }
        int number = PORT.matcher(port).matches() ? Integer.parseInt(port) : 0;
        return number < 1 || number > 65_535
                ? Optional.empty()
                : host.map(covers -> covers.and(to -> to.port() == number));
    }

    private static Optional<Predicate<Destination>> host(String text) {
        if (text.startsWith("[")) {
            return IpRange.address(text.substring(1, text.length() - 1)).map(NoProxy::within);
        }
        Optional<IpRange> address = IpRange.address(text);
        if (address.isPresent()) {
            return address.map(NoProxy::within);
        }
        boolean subdomainsOnly = text.startsWith("*.");
        String name = text.substring(subdomainsOnly ? 2 : text.startsWith(".") ? 1 : 0);
        return name.indexOf('*') >= 0 || (text.startsWith("*") && !subdomainsOnly)
                ? glob(text)
                : name(name, subdomainsOnly);
    }

    /** Labels of an address are no labels of a name: {@code .1} is not a domain of 10.0.0.1. */
    private static Optional<Predicate<Destination>> name(String text, boolean subdomainsOnly) {
        return asciiName(text)
                .map(name -> to -> to.address().isEmpty()
                        && (to.name().endsWith("." + name)
                                || (!subdomainsOnly && to.name().equals(name))));
    }

    private static Optional<String> asciiName(String text) {
        try {
            return Optional.of(HostName.ascii(HostName.withoutRoot(text)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Stars at the ends only, as Java's {@code http.nonProxyHosts} has them; over the text, addresses included. */
    private static Optional<Predicate<Destination>> glob(String text) {
        boolean openStart = text.startsWith("*");
        boolean openEnd = text.endsWith("*");
        String core = text.replaceFirst("^\\*", "").replaceFirst("\\*$", "");
        if (core.isEmpty() || core.indexOf('*') >= 0) {
            return Optional.empty();
        }
        if (openStart && openEnd) {
            return Optional.of(to -> to.name().contains(core));
        }
        return Optional.of(
                to -> openStart ? to.name().endsWith(core) : to.name().startsWith(core));
    }
}
