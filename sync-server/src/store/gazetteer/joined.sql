SELECT p.uprn, p.line, p.standing, w.standing AS written_standing, p.lat, p.lon,
  COALESCE(NULLIF(p.postcode, ''), NULLIF(w.postcode, ''), d.postcode, '') AS postcode,
  COALESCE(w.unit, '') AS unit, COALESCE(w.unit_number, '') AS unit_number,
  COALESCE(w.name, '') AS name, COALESCE(w.number, '') AS number, w.usrn,
  s.street, COALESCE(s.locality, '') AS locality,
  COALESCE(NULLIF(s.town, ''), NULLIF(w.town, ''), d.town, '') AS town,
  COALESCE(NULLIF(p.organisation, ''), o.name, '') AS organisation,
  COALESCE(NULLIF(p.class, ''), c.code, '') AS class
FROM property p
LEFT JOIN written w ON w.uprn = p.uprn
LEFT JOIN street s ON s.usrn = w.usrn
LEFT JOIN organisation o ON o.uprn = p.uprn
LEFT JOIN class c ON c.uprn = p.uprn
LEFT JOIN postal d ON d.uprn = p.uprn
ORDER BY p.uprn
