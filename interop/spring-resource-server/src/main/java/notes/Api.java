package notes;

import java.util.List;
import java.util.Map;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpStatus;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.CsrfConfigurer;
import org.springframework.security.config.annotation.web.configurers.oauth2.server.resource.OAuth2ResourceServerConfigurer;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.util.ReflectionUtils;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;

/**
 * Three routes behind Spring Boot's own resource server, set up in {@code application.properties}.
 */
@SpringBootApplication
@RestController
public class Api {
    public static void main(String[] arguments) {
        SpringApplication.run(Api.class, arguments);
    }

    @GetMapping("/api/me")
    Map<String, Object> me(@AuthenticationPrincipal Jwt token) {
        return Map.of("sub", token.getSubject(), "claims", token.getClaims().keySet());
    }

    @GetMapping("/api/notes/{id}")
    Map<String, Object> read(@PathVariable("id") String id) {
        return Map.of("id", id);
    }

    @PostMapping("/api/notes")
    @ResponseStatus(HttpStatus.CREATED)
    Map<String, Object> write(@RequestBody Map<String, Object> note) {
        return note;
    }

    /**
     * Configures the pages that may call, and what they may send and read. Spring Security finds
     * this bean by its name.
     */
    @Bean
    UrlBasedCorsConfigurationSource corsConfigurationSource(@Value("${api.allowed-origins}") List<String> origins) {
        var cors = new CorsConfiguration();
        cors.setAllowedOrigins(origins);
        cors.setAllowedMethods(List.of("GET", "POST"));
        cors.setAllowedHeaders(List.of("Authorization", "DPoP", "Content-Type"));
        cors.setExposedHeaders(List.of("WWW-Authenticate", "DPoP-Nonce", "Date"));
        var source = new UrlBasedCorsConfigurationSource();
        source.registerCorsConfiguration("/**", cors);
        return source;
    }

    /**
     * Turns DPoP on. Spring Security 7.1 does DPoP if it is asked to: {@code
     * server.dPoP(withDefaults())}. Earlier versions have no such method and do DPoP by default.
     */
    @Bean
    @ConditionalOnProperty(name = "api.dpop", havingValue = "on")
    Customizer<OAuth2ResourceServerConfigurer<HttpSecurity>> dPoP() {
        var method = ReflectionUtils.findMethod(OAuth2ResourceServerConfigurer.class, "dPoP", Customizer.class);
        return server -> {
            if (method != null) {
                ReflectionUtils.invokeMethod(method, server, Customizer.withDefaults());
            }
        };
    }

    /**
     * Disables CSRF protection. Spring Security needs no CSRF token with {@code Authorization:
     * Bearer}, but one with {@code DPoP}.
     */
    @Bean
    @ConditionalOnProperty(name = "api.csrf", havingValue = "off")
    Customizer<CsrfConfigurer<HttpSecurity>> noCsrf() {
        return CsrfConfigurer::disable;
    }

    /**
     * Accepts access tokens of RFC 9068. By default Spring Security accepts {@code JWT}, or no
     * {@code typ} at all.
     */
    @Bean
    @ConditionalOnProperty("api.token-types")
    JwtTypeValidator tokenTypes(@Value("${api.token-types}") List<String> types) {
        return new JwtTypeValidator(types);
    }
}
