// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.GeneralCodingRules;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The arrows between modules and packages, and what no module may do. See docs/adr and CONTRIBUTING. */
class ArchitectureTest {
    private static final JavaClasses ALL = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.upstream");

    private static final DescribedPredicate<JavaClass> LIBRARY = resideInAPackage("io.upstream..")
            .and(resideOutsideOfPackages("io.upstream.cli..", "io.upstream.testing.."));

    /** What runs in an application. */
    private static final DescribedPredicate<JavaClass> CLIENT = LIBRARY.and(
            resideOutsideOfPackages("io.upstream.emulator..", "io.upstream.laboratory..", "io.upstream.benchmarks.."));

    @Test
    void seesEveryModule() {
        for (String name : new String[] {
            "io.upstream.UpstreamTransport",
            "io.upstream.proxy.TunnelStage",
            "io.upstream.websocket.WebSocketStage",
            "io.upstream.mqtt.MqttTransportProvider",
            "io.upstream.amqp.AmqpTransportProvider",
            "io.upstream.emulator.IotHubEmulator",
        }) {
            assertTrue(ALL.contain(name), name);
        }
    }

    @ParameterizedTest(name = "{0} uses nothing of ours but {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "io.upstream|io.upstream.spi io.upstream.pem",
                "io.upstream.pem|io.upstream.pem",
                "io.upstream.spi|io.upstream",
                "io.upstream.connect|io.upstream",
                "io.upstream.trace|io.upstream.connect",
                "io.upstream.watch|io.upstream io.upstream.connect io.upstream.trace",
                "io.upstream.session|io.upstream io.upstream.connect io.upstream.frame io.upstream.watch",
                "io.upstream.provisioning|io.upstream io.upstream.connect",
                "io.upstream.proxy|io.upstream io.upstream.connect",
                "io.upstream.websocket|io.upstream io.upstream.connect",
                "io.upstream.mqtt|io.upstream io.upstream.spi io.upstream.connect io.upstream.session io.upstream.provisioning io.upstream.proxy io.upstream.websocket io.upstream.frame io.upstream.watch",
                "io.upstream.amqp|io.upstream io.upstream.spi io.upstream.connect io.upstream.session io.upstream.provisioning io.upstream.proxy io.upstream.websocket io.upstream.frame io.upstream.watch io.upstream.amqp.engine",
                "io.upstream.amqp.engine|io.upstream io.upstream.connect io.upstream.frame",
                "io.upstream.emulator..|io.upstream.emulator..",
            })
    void arrowsRunDownwards(String from, String allowed) {
        String[] packages =
                Stream.concat(Stream.of(from), Stream.of(allowed.split(" "))).toArray(String[]::new);
        noClasses()
                .that(resideInAPackage(from))
                .should()
                .dependOnClassesThat(resideInAPackage("io.upstream..").and(resideOutsideOfPackages(packages)))
                .check(ALL);
    }

    @Test
    void packagesFormNoCycles() {
        slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass type) {
                        String name = type.getPackageName();
                        return SliceIdentifier.of(name.equals("io.upstream.spi") ? "io.upstream" : name);
                    }

                    @Override
                    public String getDescription() {
                        return "packages, the API and its provider interface as one";
                    }
                })
                .should()
                .beFreeOfCycles()
                .check(ALL);
    }

    @Test
    void theApiShowsNoTypeOfAnotherLibrary() {
        methods()
                .that()
                .areDeclaredInClassesThat(resideInAPackage("io.upstream").or(resideInAPackage("io.upstream.spi")))
                .and()
                .arePublic()
                .and()
                .areDeclaredInClassesThat()
                .arePublic()
                .should(showOnlyJavaAndOurs())
                .check(ALL);
    }

    private static ArchCondition<JavaMethod> showOnlyJavaAndOurs() {
        return new ArchCondition<>("show only types of Java and of the API") {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                Stream.concat(method.getRawParameterTypes().stream(), Stream.of(method.getRawReturnType()))
                        .map(JavaClass::getBaseComponentType)
                        .filter(type -> !type.isPrimitive()
                                && !type.getPackageName().startsWith("java")
                                && !type.getPackageName().startsWith("io.upstream"))
                        .forEach(type -> events.add(SimpleConditionEvent.violated(
                                method, method.getFullName() + " shows " + type.getName())));
            }
        };
    }

    @Test
    void theClientKnowsNoOtherAmqpLibrary() {
        noClasses()
                .that(resideOutsideOfPackages("io.upstream.emulator.."))
                .should()
                .dependOnClassesThat(resideInAPackage("org.apache.qpid.."))
                .check(ALL);
    }

    @Test
    void nobodyUsesProtonsOwnTls() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveNameMatching("org\\.apache\\.qpid\\.proton\\.engine\\.Ssl.*")
                .check(ALL);
    }

    /** What has failed others there cannot fail here: names, tunnels, upgrades, packets and bodies of our peers are read by ourselves. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "'io\\.netty\\.handler\\.codec\\.http\\..*'",
        "'io\\.netty\\.handler\\.codec\\.http2\\..*'",
        "'io\\.netty\\.handler\\.codec\\.compression\\..*'",
        "'io\\.netty\\.handler\\.codec\\.mqtt\\.MqttDecoder.*'",
        "'io\\.netty\\.handler\\.codec\\.dns\\..*'",
        "'io\\.netty\\.handler\\.proxy\\..*'",
        "'io\\.netty\\.handler\\.ssl\\.(Abstract)?Sni.*'",
        "'io\\.netty\\.resolver\\.dns\\..*'",
        "'io\\.netty\\.util\\.(HashedWheel)?Timer'",
    })
    void theClientLeavesAlone(String types) {
        noClasses()
                .that(resideOutsideOfPackages("io.upstream.emulator.."))
                .should()
                .dependOnClassesThat()
                .haveNameMatching(types)
                .check(ALL);
    }

    @Test
    void nobodyUnpacksWhatAPeerHasCompressed() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveNameMatching(
                        "(io\\.netty\\.handler\\.codec\\.(compression|http\\.HttpContentDec).*|java\\.util\\.zip\\.Inflater.*)")
                .check(ALL);
    }

    /** A thread, or a pool, for each reconnect has ended processes after days: pools belong to the runtime, the few others are named. */
    @Test
    void threadsAreMadeInFewPlaces() {
        noClasses()
                .that(CLIENT)
                .and(DescribedPredicate.not(
                        nameMatching("io\\.upstream\\.(UpstreamRuntime|CallbackThreads|ProtocolChoice|Provisioning|"
                                + "proxy\\.KerberosWorker|proxy\\.JavaAuthenticator)(\\$.*)?")))
                .should()
                .callConstructorWhere(target(owner(assignableTo(Thread.class))))
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching("java\\.util\\.(Timer|concurrent\\.(Executors|ThreadPoolExecutor|ForkJoinPool))")
                .check(ALL);
    }

    /** The wall clock is asked for what it says, of a token or a certificate, never for how long something took. */
    @Test
    void pausesAreMeasuredByAClockThatNobodySets() {
        noClasses()
                .that(CLIENT)
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .check(ALL);
        noClasses()
                .that(CLIENT)
                .and(
                        DescribedPredicate.not(
                                nameMatching(
                                        "io\\.upstream\\.(session\\.WallClock|EventFeed|watch\\.SessionWatch"
                                                + "|connect\\.TlsContexts|provisioning\\.RegistrationToken|proxy\\.(KerberosWorker|NtlmScheme|NtlmConversation)).*")))
                .should()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethodWhere(target(owner(assignableTo(Clock.class))))
                .orShould()
                .callMethodWhere(target(owner(assignableTo(InstantSource.class))))
                .check(ALL);
    }

    @Test
    void nobodyTrustsEverybody() {
        noClasses()
                .should()
                .dependOnClassesThat(assignableTo(InsecureTrustManagerFactory.class))
                .check(ALL);
    }

    @Test
    void clientTlsAlwaysNamesItsPeer() {
        noClasses()
                .that(resideOutsideOfPackages("io.upstream.emulator.."))
                .should()
                .callMethod(SslContext.class, "newHandler", io.netty.buffer.ByteBufAllocator.class)
                .check(ALL);
    }

    @Test
    void librariesDoNotPrint() {
        noClasses()
                .that(LIBRARY)
                .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS)
                .orShould()
                .callMethod(Throwable.class, "printStackTrace")
                .check(ALL);
    }

    @Test
    void namesSayWhatATypeDoes() {
        classes()
                .should()
                .haveSimpleNameNotEndingWith("Impl")
                .andShould()
                .haveSimpleNameNotEndingWith("Manager")
                .andShould()
                .haveSimpleNameNotEndingWith("Helper")
                .andShould()
                .haveSimpleNameNotEndingWith("Util")
                .andShould()
                .haveSimpleNameNotEndingWith("Utils")
                .check(ALL);
    }
}
