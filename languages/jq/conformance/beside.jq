import "./beside" as $beside;
$beside[]
