defmodule Klime.Wire do
  @moduledoc false
  # Reading maps that came as JSON, with keys as text or as atoms.

  def get(map, key), do: Map.get_lazy(map, key, fn -> Map.get(map, atom(key)) end)

  def count(value), do: if(is_integer(value) and value >= 0, do: value, else: 0)

  def text(value), do: if(is_binary(value), do: value, else: "")

  # Only atoms that exist; a key that nobody has used as one is not there.
  defp atom(key) do
    String.to_existing_atom(key)
  rescue
    ArgumentError -> nil
  end
end
