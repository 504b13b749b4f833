defmodule Klime.Stand.Faulty do
  @moduledoc false
  # A struct of an app whose encoder returns a map where text is due.
  defstruct [:a]

  if Code.ensure_loaded?(JSON) do
    defimpl JSON.Encoder do
      def encode(faulty, _encoder), do: Map.take(faulty, [:a])
    end
  end
end
