// Runs before the first paint, hence a classic script: light, dark, or as the system says.
(() => {
  const CHOICES = ["auto", "light", "dark"];
  const LABELS = { auto: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" };
  let choice = "auto";
  try {
    choice = localStorage.getItem("swp-theme") ?? "auto";
  } catch {
    // storage is blocked: the choice lasts as long as the page
  }
  if (!CHOICES.includes(choice)) choice = "auto";
  document.documentElement.dataset.theme = choice;

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const show = () => {
      document.documentElement.dataset.theme = choice;
      button.setAttribute("aria-label", LABELS[choice]);
      button.title = LABELS[choice];
    };
    button.addEventListener("click", () => {
      choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
      try {
        localStorage.setItem("swp-theme", choice);
      } catch {
        // as above
      }
      show();
    });
    show();
  });
})();
